"""The demo, and event streams in production: uvicorn config.asgi:application."""

import os

from django.core.asgi import get_asgi_application

from lib import bounds

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("SERVED_BY_ASGI", "1")
application = bounds.asgi(get_asgi_application())

"""The demo, and event streams in production: uvicorn config.asgi:application."""

import os
import warnings

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("SERVED_BY_ASGI", "1")
# WhiteNoise's files are read synchronously, which Django mentions at each of them; they are small, and cached.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
application = get_asgi_application()

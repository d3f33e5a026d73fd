"""Pages in production: gunicorn config.wsgi."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from lib import bounds
from lib.memory import keep_freed

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = bounds.wsgi(get_wsgi_application())
keep_freed((settings.ARGON2_MEMORY_KIB + 1024) * 1024)  # a worker hashes one password at a time

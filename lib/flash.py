"""One-time messages after a redirect, in a signed cookie: no session is made for a visitor."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage


class FlashStorage(CookieStorage):
    """Django's cookie storage under our cookie's name."""

    cookie_name = settings.FLASH_COOKIE_NAME

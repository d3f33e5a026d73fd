"""What every template knows: the product's name, whom to ask, and whether this is the demo."""

from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language_info


def site(_request: HttpRequest | None) -> dict[str, object]:
    return {
        "product_name": settings.PRODUCT_NAME,
        "site_url": settings.SITE_URL,
        "support_contact": settings.SUPPORT_CONTACT,
        "is_demo": settings.DEMO,
        "available_languages": available_languages(),
    }


@cache
def path_of(name: str) -> str:
    """The path of a page without arguments: reverse() would look it up anew on every page that links to it."""
    return reverse(name)


def absolute(path: str) -> str:
    """The full address of a page. It comes from SITE_URL, never from a Host header that a visitor chose."""
    return settings.SITE_URL + path


@cache
def available_languages() -> tuple[tuple[str, str], ...]:
    """(code, own name) of the languages that we speak."""
    return tuple((code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES)

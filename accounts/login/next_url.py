"""Where to go after signing in, and back to after a detour."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from lib.form_page import page_at
from lib.site import path_of

LONGEST = 2000


class NextField(forms.CharField):
    """Brings the page along. One that is longer than any of ours is left out: nobody typed it, or could mend it."""

    widget = forms.HiddenInput

    def bound_data(self, data: Any, initial: Any) -> Any:
        del initial
        return data if data is None or len(data) <= LONGEST else ""

    def clean(self, value: Any) -> str:
        return str(super().clean(self.bound_data(value, None)))


def next_of(request: HttpRequest) -> str:
    """The page that a request names, as safe as below. A form that was sent to another page brings it along."""
    return safe_next(request, request.POST.get("next") or request.GET.get("next", ""))


def came_from(request: HttpRequest) -> str:
    """The page of ours that sent a person here and waits for them; "" when none does."""
    wanted = request.GET.get("next", "")
    return safe_next(request, wanted) if wanted else ""


def leading_back(page: str, came_from: str) -> str:
    """The address of a page from which a person goes back to where they came from."""
    return f"{page}?{urlencode({'next': came_from})}" if came_from else page


def safe_next(request: HttpRequest, wanted: str) -> str:
    """The wanted page if it is one of ours, else the first page: never another site (ASVS 3.7.2)."""
    # A browser drops tabs and line breaks before it reads an address, and no database stores a NUL.
    is_page = len(wanted) <= LONGEST and wanted.startswith("/") and wanted.isprintable()
    if is_page and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return page_at(wanted)
    return path_of(settings.LOGIN_REDIRECT_URL)

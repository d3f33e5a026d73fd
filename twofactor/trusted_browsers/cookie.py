"""The cookie of a remembered browser: what it says, and how an answer changes it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from lib import clock, crypto

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from accounts.requests import Request

SERIES_BYTES, TOKEN_BYTES = 16, 32  # the series cannot be guessed either: who shows it has seen a cookie
SHAPE = re.compile(r"([\w-]{22})\.([\w-]{43})", re.ASCII)


@dataclass(frozen=True)
class Shown:
    """What a browser holds: its series, and the token of now."""

    series: str
    token: str

    @property
    def text(self) -> str:
        return f"{self.series}.{self.token}"

    @property
    def series_digest(self) -> str:
        return crypto.keyed_digest("browser_series", self.series)

    @property
    def token_digest(self) -> str:
        return crypto.keyed_digest("browser", self.text)


def fresh(series: str = "") -> Shown:
    """A new token, in a series that goes on or in a new one."""
    return Shown(series or secrets.token_urlsafe(SERIES_BYTES), secrets.token_urlsafe(TOKEN_BYTES))


def shown_by(request: Request) -> Shown | None:
    """None without a cookie, or with one that is not of our making."""
    found = SHAPE.fullmatch(request.COOKIES.get(settings.BROWSER_COOKIE_NAME, ""))
    return Shown(*found.groups()) if found else None


def hand_over(request: Request, shown: Shown, *, until: datetime) -> None:
    """Have the answer to this request bring it. Call it when nothing can fail any more."""
    request.browser_cookie = (shown.text, until)


def take_away(request: Request) -> None:
    """Have the answer to this request delete it."""
    request.browser_cookie = None


class BrowserCookieMiddleware:
    """Puts the cookie on the answer. An error carries none: what it should have said was rolled back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if hasattr(request, "browser_cookie") and response.status_code < 400:
            _write(response, request.browser_cookie)
        return response


def _write(response: HttpResponse, wanted: tuple[str, datetime] | None) -> None:
    name, is_safe = settings.BROWSER_COOKIE_NAME, settings.HTTPS
    if wanted is None:
        response.set_cookie(name, "", max_age=0, secure=is_safe, httponly=True, samesite="Lax")
    else:
        text, until = wanted
        left = until - clock.now()
        response.set_cookie(name, text, max_age=left, secure=is_safe, httponly=True, samesite="Lax")

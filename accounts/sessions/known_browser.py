"""The cookie that says: in this browser a sign-in of the account was finished. It has no rights.

It decides whose tries count together, and whether a sign-in is news (docs/decisions/0029-what-a-new-place-is.md).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings

from accounts.sessions import known
from lib.origin import MOST_KNOWN, known_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from accounts.requests import Request
    from accounts.user.models import User


def keep(request: Request, user: User) -> str:
    """Have the answer bring the cookie, for another year; returns the digest for the row of the session.

    It holds a text for each of the accounts that signed in here last, made by us at the first time: what somebody else
    has put there, or another account has left, makes nobody known.
    """
    shown = request.COOKIES[settings.KNOWN_BROWSER_COOKIE_NAME].split(".") if request.origin.known_by else []
    digest = known.known_browser(user.pk, request.origin)
    if not digest:
        shown = [*shown, secrets.token_urlsafe(32)][-MOST_KNOWN:]
        digest = known_digest(shown[-1])
    request.known_browser_cookie = ".".join(shown)
    return digest


class KnownBrowserMiddleware:
    """Puts the cookie on the answer. An error carries none: the sign-in was rolled back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if hasattr(request, "known_browser_cookie") and response.status_code < 400:
            response.set_cookie(
                settings.KNOWN_BROWSER_COOKIE_NAME,
                request.known_browser_cookie,
                max_age=known.KNOWN_BROWSER_FOR,
                secure=settings.HTTPS,
                httponly=True,
                samesite="Lax",
            )
        return response

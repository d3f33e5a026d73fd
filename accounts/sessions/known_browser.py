"""The cookie that says: in this browser a sign-in of the account was finished. It has no rights.

It decides whose tries count together, and whether a sign-in is news (docs/decisions/0029-what-a-new-place-is.md).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings

from accounts.sessions.known import KNOWN_BROWSER_FOR
from accounts.sessions.models import Session
from lib import crypto

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from accounts.requests import Request
    from accounts.user.models import User


def keep(request: Request, user: User) -> str:
    """Have the answer bring the cookie, for another year; returns its digest, for the row of the session.

    One that the account has stopped knowing never counts again: a thief may hold a copy. The browser gets a new one.
    """
    digest = request.origin.known_browser
    forgotten = Session.objects.filter(user=user, known_browser=digest, known_browser_counts=False)
    if not digest or forgotten.exists():
        request.known_browser_cookie = secrets.token_urlsafe(32)
        return crypto.keyed_digest("known_browser", request.known_browser_cookie)
    request.known_browser_cookie = request.COOKIES[settings.KNOWN_BROWSER_COOKIE_NAME]
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
                max_age=KNOWN_BROWSER_FOR,
                secure=settings.HTTPS,
                httponly=True,
                samesite="Lax",
            )
        return response

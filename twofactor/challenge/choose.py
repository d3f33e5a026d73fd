"""Which of a person's methods is asked for first, and in what order the others are offered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from lib import user_agent
from twofactor import registry

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpResponse

    from accounts.requests import Request
    from accounts.user.models import User
    from twofactor.method import Method

SALT = "second_step.method"
KEPT = timedelta(days=365)
PHONES = ("iOS", "Android")


def ways(user: User, request: Request) -> list[Method]:
    """The one used last in this browser, then by last use in the account, then as we recommend them.

    Backups come after all of them, whatever was used: they are for the day when nothing else is at hand. On a phone
    what is answered on a phone comes late too: it may be this one, and an app that is installed cannot be opened from
    a browser everywhere.
    """
    here = _remembered(request)
    is_phone = user_agent.browser_and_system(request.origin.user_agent)[1] in PHONES

    def place(way: tuple[Method, datetime | None]) -> tuple[bool, bool, bool, float]:
        method, last_used = way
        is_late = is_phone and method.is_elsewhere
        return method.is_backup, method.slug != here, is_late, -last_used.timestamp() if last_used else 0.0

    return [method for method, _last_used in sorted(registry.last_uses_of(user), key=place)]


def remember(response: HttpResponse, method: Method) -> None:
    """Note in the browser what was used: the method's slug alone, so that the cookie says nothing of whose it is."""
    if method.is_backup:
        return
    response.set_signed_cookie(
        settings.METHOD_COOKIE_NAME,
        method.slug,
        salt=SALT,
        max_age=KEPT,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _remembered(request: Request) -> str:
    """A slug; empty when there is no cookie, or one that we have not signed."""
    return request.get_signed_cookie(settings.METHOD_COOKIE_NAME, default="", salt=SALT, max_age=KEPT) or ""

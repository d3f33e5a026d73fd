"""The notes on every page: two-step verification was turned off this week; a removed method works again soon."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from accounts.user.models import User
from lib import clock

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

SHOWN_FOR = timedelta(days=7)


def banner(request: HttpRequest) -> dict[str, object]:
    """Context processor. A function, so that a page that does not show it does not load the person."""
    return {"is_off_lately": partial(_is_off_lately, request), "method_returns_at": partial(_returns_at, request)}


def _returns_at(request: HttpRequest) -> datetime | None:
    user = getattr(request, "user", None)
    return user.method_returns_at if isinstance(user, User) else None


def _is_off_lately(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)  # a page about an early error has none
    lost_at = user.protection_lost_at if isinstance(user, User) else None
    return lost_at is not None and clock.now() - lost_at < SHOWN_FOR

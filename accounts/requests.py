"""The request as our middleware completes it: a type that tells what views and actions may rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.sessions.store import SessionStore
    from accounts.user.models import User
    from lib.origin import Origin


class Request(HttpRequest):
    """Anybody's request."""

    session: SessionStore
    origin: Origin
    known_browser_cookie: str  # set by sessions.known_browser at a finished sign-in
    browser_cookie: tuple[str, datetime] | None  # set by trusted_browsers.cookie: what the answer brings or deletes


class SignedInRequest(Request):
    """The request of a signed-in person: LoginRequiredMiddleware lets no other through."""

    user: User
    kept_input: dict[str, str]  # set by @require_sudo: what was typed before confirming

"""Who is signed in: request.user."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

if TYPE_CHECKING:
    from accounts.requests import Request
    from accounts.user.models import User


class SessionUserMiddleware(AuthenticationMiddleware):
    """Django's, but the person comes with the row of the session, so that no request needs a statement for them."""

    def process_request(self, request: Request) -> None:  # type: ignore[override]
        super().process_request(request)
        request.user = SimpleLazyObject(partial(user_of, request))  # type: ignore[assignment]  # it acts as one


def user_of(request: Request) -> User | AnonymousUser:
    """The session's person, asked what django.contrib.auth.get_user() would ask.

    That the signed data name the same person as the row does: who can write to the table alone cannot make a session
    somebody else's. And that it was made with their present password and methods; if not, it ends.
    """
    session = request.session
    user = session.row.user if session.row else None
    if user is None or not user.is_active or session.get(SESSION_KEY) != str(user.pk):
        return AnonymousUser()
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        session.flush()
        return AnonymousUser()
    return user

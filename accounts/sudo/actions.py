"""Proof that the person at hand confirmed a moment ago."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import HASH_SESSION_KEY
from django.db import transaction

from accounts.password.check import count_wrong
from audit import events
from audit.actions import record
from lib.limits import TooManyAttempts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.requests import SignedInRequest

MOST_WRONG = 5  # in a row; then the right is lost and the owner is told: somebody may have found an open browser


class NoSudo(Exception):
    """The session has not confirmed, or too long ago."""


@dataclass(frozen=True)
class OwnSudo:
    """Carried to actions that must not run without it, so that a view cannot forget the guard."""

    user_id: int


def own_sudo(request: SignedInRequest) -> OwnSudo:
    """The proof, for the person signed in. Raises NoSudo."""
    if not request.session.has_sudo:
        raise NoSudo
    return OwnSudo(request.user.pk)


@transaction.atomic
def grant(request: SignedInRequest, *, method: str) -> None:
    """After a right answer: fifteen minutes under a new session key."""
    request.session.grant_sudo()
    request.session.save()
    record(events.CONFIRMED, user=request.user, origin=request.origin, method=method)


def withdraw(request: SignedInRequest) -> None:
    """Whoever wants something sensitive in this session has to confirm first, however lately somebody did."""
    request.session.drop_sudo()
    request.session.save()


@contextmanager
def lost_when_refused(request: SignedInRequest) -> Iterator[None]:
    """Around a try that a limit may refuse: a session that guesses loses its right (AC-03)."""
    try:
        yield
    except TooManyAttempts:
        withdraw(request)
        raise


def check_own_password(request: SignedInRequest, password: str) -> bool:
    """Whether it is the signed-in person's password. Call it outside any transaction.

    The fifth wrong one in a row costs the session its right and is told to the owner. Raises TooManyAttempts.
    """
    with lost_when_refused(request):
        wrong = count_wrong(request.user, password, origin=request.origin)
    fresh = request.user.get_session_auth_hash()
    if not wrong and request.session.get(HASH_SESSION_KEY) != fresh:
        request.session[HASH_SESSION_KEY] = fresh  # it was hashed anew on the way: this session goes on
    if wrong >= MOST_WRONG:
        withdraw(request)
    if wrong == MOST_WRONG:
        with transaction.atomic():
            record(events.PASSWORDS_GUESSED, user=request.user, origin=request.origin)
    return wrong == 0

"""Proof that the person at hand confirmed a moment ago."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import HASH_SESSION_KEY
from django.db import transaction

from accounts.password.check import is_own_password
from audit import events
from audit.actions import record
from lib import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.requests import SignedInRequest
    from lib.limits import Reservation

MOST_WRONG = 5  # in a row; then the right is lost and the owner is told: somebody may have found an open browser
# Whoever guesses in a session has tries of their own: they close nothing at the door, where its owner must get in. A
# session that has used its up proves nothing more.
PER_SESSION = limits.Limit(
    name="confirm.session",
    times=10**9,
    period=timedelta(days=1),
    most_in_a_row=MOST_WRONG,
    new_sign_in_opens=True,
)
PER_DAY = limits.Limit(name="confirm", times=10, period=timedelta(days=1), new_sign_in_opens=True)


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


def reserve_guess(request: SignedInRequest) -> Reservation:
    """Take one try of a code or a password, by whoever is signed in. Raises TooManyAttempts."""
    with _lost_when_refused(request):
        return limits.reserve(PER_SESSION, _session_id(request), totals=[(PER_DAY, (request.user.pk,))])


def require_not_guessed(request: SignedInRequest) -> None:
    """Before an answer that nobody can guess: a session that has guessed may not confirm. Raises TooManyAttempts."""
    with _lost_when_refused(request):
        limits.require_open(PER_SESSION, _session_id(request))


def note_wrong(request: SignedInRequest, reservation: Reservation) -> bool:
    """Take the right from a session that has guessed too often; True at the moment when its owner must be told."""
    if reservation.in_a_row >= MOST_WRONG:
        withdraw(request)
    return reservation.in_a_row == MOST_WRONG


def check_own_password(request: SignedInRequest, password: str) -> bool:
    """Whether it is the signed-in person's password. Call it outside any transaction.

    The fifth wrong one in a row costs the session its right and is told to the owner. Raises TooManyAttempts.
    """
    reservation = reserve_guess(request)
    is_right = is_own_password(request.user, password, origin=request.origin)
    if is_right:
        limits.give_back(reservation)
        fresh = request.user.get_session_auth_hash()
        if request.session.get(HASH_SESSION_KEY) != fresh:
            request.session[HASH_SESSION_KEY] = fresh  # it was hashed anew on the way: this session goes on
    elif note_wrong(request, reservation):
        with transaction.atomic():
            record(events.PASSWORDS_GUESSED, user=request.user, origin=request.origin)
    return is_right


@contextmanager
def _lost_when_refused(request: SignedInRequest) -> Iterator[None]:
    """Around a try that a limit may refuse: a session that guesses loses its right (AC-03)."""
    try:
        yield
    except limits.TooManyAttempts:
        withdraw(request)
        raise


def _session_id(request: SignedInRequest) -> int:
    return request.session.row.pk if request.session.row else 0

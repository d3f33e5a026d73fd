"""Is this password right? The one place that says so, behind the one limit."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from django.contrib.auth import hashers
from django.db import transaction

from accounts.password.validators import is_leaked
from accounts.sessions import known
from accounts.user.models import User
from accounts.user.typed_login import canonical
from accounts.user.typed_password import composed, spellings
from audit import events
from audit.actions import record
from lib import at_once, even_time, limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lib.limits import Reservation
    from lib.origin import Origin

# Five wrong, then one try after 30 seconds, a minute, … an hour (NIST SP 800-63B-4 §3.2.2).
LIMIT = limits.Limit(
    name="password",
    times=5,
    period=timedelta(days=1),
    first_wait=timedelta(seconds=30),
    longest_wait=timedelta(hours=1),
    most_in_a_row=100,
    new_password_opens=True,  # the counters are those of one password
)
# Of strangers, whichever accounts they try: a list of leaked passwords is tried once on each of many.
PER_NETWORK = limits.Limit(name="password.network", times=30, period=timedelta(minutes=15))
STRANGERS = "strangers"

# Strangers keep as many hashes going as there are cores, so that whoever is known never stands in a queue of theirs.
HASHES_AT_ONCE = os.cpu_count() or 1
WAIT_FOR_HASH = timedelta(milliseconds=300)  # a few hashes' time: two strangers who meet notice nothing
BUSY = limits.Limit(name="password.busy", times=HASHES_AT_ONCE, period=timedelta(seconds=1))

# What a wrong password takes beside its hash, always: a person to read and a row that points at them cost a quarter of
# a millisecond that nobody costs, and two hundred answers are enough for statistics to tell.
BESIDE_HASH = timedelta(milliseconds=20)


def check_login(login: str, password: str, *, origin: Origin) -> User | None:
    """The person whose e-mail address or login ID and password these are, or None. Raises TooManyAttempts."""
    began = time.perf_counter()
    user = User.objects.by_login(login)
    if _count_wrong(user, login, password, origin, began) or user is None:
        return None
    _note_leaked(user, password)
    return user


def check_password(user: User, password: str, *, origin: Origin) -> bool:
    """Whether it is the password of a person we know already. Raises TooManyAttempts."""
    return count_wrong(user, password, origin=origin) == 0


def count_wrong(user: User, password: str, *, origin: Origin) -> int:
    """How many wrong ones in a row this makes for a person we know already; 0 when it is right.

    Raises TooManyAttempts.
    """
    return _count_wrong(user, user.email, password, origin, time.perf_counter())


def _count_wrong(user: User | None, login: str, password: str, origin: Origin, began: float) -> int:
    # A new password has counters of its own: tries against the old one do not keep its owner out.
    whose = ("user", user.pk, user.auth_generation) if user else ("nobody", canonical(login))
    known_as = known.known_as(user.pk if user else 0, origin)
    with _room_for(known_as):
        reservation = _reserve(whose, known_as, password, origin)
        hash_began = time.perf_counter()
        is_right = _is_right(user, password)
        hash_seconds = time.perf_counter() - hash_began
    if is_right:
        _give_back(reservation, whose, known_as, origin)
        return 0
    with transaction.atomic():
        # For nobody too: the answer must not come sooner for lack of a row to write.
        record(events.PASSWORD_WRONG, user=user, origin=origin)
        if reservation.in_a_row == LIMIT.times:
            record(events.LIMIT_CLOSED, user=user, origin=origin, limit=LIMIT.name)
    try:
        if known_as == origin.network_digest:
            # A neighbour must not learn from one more try, here or elsewhere, that the account exists: where strangers
            # have none left, this answer says so too.
            limits.reserve(LIMIT, *whose, STRANGERS)
    finally:
        even_time.wait_until(began + hash_seconds + BESIDE_HASH.total_seconds())
    return reservation.in_a_row


@contextmanager
def _room_for(known_as: str) -> Iterator[None]:
    """Around a hash."""
    if known_as:
        yield
        return
    try:
        with at_once.one_of("hash", HASHES_AT_ONCE, wait_seconds=WAIT_FOR_HASH.total_seconds()):
            yield
    except at_once.NoRoom:
        raise limits.TooManyAttempts(BUSY, BUSY.period) from None


def _reserve(whose: tuple[object, ...], known_as: str, password: str, origin: Origin) -> Reservation:
    """Take a try from whoever's it is: each browser and each network that the person is known by has its own.

    All strangers share one, so someone who guesses from elsewhere closes the door for strangers only: the owner still
    gets in.
    """
    if known_as:
        return limits.reserve(LIMIT, *whose, known_as)
    began = time.perf_counter()
    try:
        return limits.reserve(LIMIT, *whose, STRANGERS, totals=[(PER_NETWORK, origin.network)])
    except limits.TooManyAttempts:
        if known.is_anybodys_network(origin):  # where an account may be known, whose tries are looked at: as slow
            hash_began = time.perf_counter()
            _is_right(None, password)
            even_time.wait_until(began + time.perf_counter() - hash_began + BESIDE_HASH.total_seconds())
        raise


def _give_back(reservation: Reservation, whose: tuple[object, ...], known_as: str, origin: Origin) -> None:
    limits.give_back(reservation)
    if known_as == origin.network_digest and reservation.in_a_row > 1:
        limits.take_off(LIMIT, *whose, STRANGERS, in_a_row=reservation.in_a_row - 1)


def _is_right(user: User | None, password: str) -> bool:
    """Checks one hash whoever is asked for, so that time does not tell who exists (ASVS 6.3.8)."""
    stand_in = _hash_of_nobody()  # made at the first check of a process, not at the first for nobody
    if user is None:
        for spelling in spellings(password):  # as many as for somebody
            hashers.check_password(spelling, stand_in)  # making a hash instead would take other steps
        return False
    return user.check_password(password) and user.is_active


@cache
def _hash_of_nobody() -> str:
    return hashers.make_password(secrets.token_urlsafe())


def _note_leaked(user: User, password: str) -> None:
    """Remember whether the list of leaked passwords has come to hold this one: pages never see a password to ask."""
    is_on_list = is_leaked(composed(password))
    if is_on_list != user.password_is_leaked:
        User.objects.filter(pk=user.pk, password=user.password).update(password_is_leaked=is_on_list)

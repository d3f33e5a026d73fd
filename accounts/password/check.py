"""Is this password right? The one place that says so, behind the one limit."""

from __future__ import annotations

import os
import secrets
import time
import zlib
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from django.contrib.auth import hashers
from django.db import connection, transaction

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
STRANGERS, QUIETLY = "strangers", "quietly"

# Unknown browsers of one network keep as many hashes going as there are cores, all together one more, so that nobody
# stands in a queue of one network's, and a known browser in none.
NETWORK_AT_ONCE = os.cpu_count() or 1
HASHES_AT_ONCE = NETWORK_AT_ONCE + 1
NETWORKS_APART = 256  # as well as they are told apart: each is a file for a lock
WAIT_FOR_HASH = timedelta(seconds=1)  # for each of the two
BUSY = limits.Limit(name="password.busy", times=HASHES_AT_ONCE, period=timedelta(seconds=1))

# What a wrong password takes beside its hash, always: a person to read and a row that points at them cost a quarter of
# a millisecond that nobody costs, and two hundred answers are enough for statistics to tell.
BESIDE_HASH = timedelta(milliseconds=20)


def check_login(login: str, password: str, *, origin: Origin) -> User | None:
    """The person whose e-mail address or login ID and password these are, or None. Raises TooManyAttempts."""
    began = time.perf_counter()
    user = User.objects.by_login(login)
    if _is_wrong(user, login, password, origin, began) or user is None:
        return None
    _note_leaked(user, password)
    return user


def is_own_password(user: User, password: str, *, origin: Origin) -> bool:
    """Whether it is the password of somebody who is signed in; a wrong one is recorded. Whoever asks has the limit."""
    if _is_right(user, password):
        return True
    with transaction.atomic():
        record(events.PASSWORD_WRONG, user=user, origin=origin)
    return False


def _is_wrong(user: User | None, login: str, password: str, origin: Origin, began: float) -> bool:
    """Raises TooManyAttempts."""
    # A new password has counters of its own: tries against the old one do not keep its owner out.
    whose = ("user", user.pk, user.password) if user else ("nobody", canonical(login))
    user_id = user.pk if user else 0
    browser = known.known_browser(user_id, origin)
    with _room_for(browser, origin):
        reservation, refused = _reserve(whose, browser, origin)
        hash_began = time.perf_counter()
        is_right = _is_right(user, password)
        hash_seconds = time.perf_counter() - hash_began
    is_looked_at = refused is None or known.is_known_network(user_id, origin)
    if is_right and is_looked_at:
        limits.give_back(reservation)
        return False
    if is_looked_at:
        _note_wrong(user, reservation, origin)
    even_time.wait_until(began + hash_seconds + BESIDE_HASH.total_seconds())
    if refused is not None:
        raise refused
    return True


@transaction.atomic
def _note_wrong(user: User | None, reservation: Reservation, origin: Origin) -> None:
    """For nobody too: the answer must not come sooner for lack of a row to write."""
    record(events.PASSWORD_WRONG, user=user, origin=origin)
    in_a_row = [reservation.in_a_row_by_key[key] for key, limit in reservation.limits.items() if limit is LIMIT]
    if in_a_row[-1] == LIMIT.times:  # of all strangers, where it was theirs
        record(events.LIMIT_CLOSED, user=user, origin=origin, limit=LIMIT.name)


@contextmanager
def _room_for(browser: str, origin: Origin) -> Iterator[None]:
    """Around a hash."""
    if browser:
        yield
        return
    wait = WAIT_FOR_HASH.total_seconds()
    network = int(origin.network_digest, 16) % NETWORKS_APART
    database = connection.settings_dict  # another portal on the same machine has places of its own
    portal = zlib.crc32(f"{database['HOST']} {database['PORT']} {database['NAME']}".encode())
    try:
        with (
            at_once.one_of(f"{portal:x}-network-{network}", NETWORK_AT_ONCE, wait_seconds=wait),
            at_once.one_of(f"{portal:x}-hash", HASHES_AT_ONCE, wait_seconds=wait),
        ):
            yield
    except at_once.NoRoom:
        raise limits.TooManyAttempts(BUSY, BUSY.period) from None


def _reserve(
    whose: tuple[object, ...], browser: str, origin: Origin
) -> tuple[Reservation, limits.TooManyAttempts | None]:
    """Take a try; with the refusal that must be the answer to anything but the right password where it is known.

    A known browser has tries of its own, which a neighbour in its network cannot use up. All others count together, so
    somebody who guesses closes the door for strangers. After that a few tries of each network go on for each name, with
    the answer of a closed door for all but the right password of somebody known there, as slowly for all: else one more
    try would tell where an account is known, and so that it exists.
    """
    if browser:
        with suppress(limits.TooManyAttempts):  # a thief may hold a copy of the cookie: then as without it
            return limits.reserve(LIMIT, *whose, browser), None
    try:
        everybodys = [(LIMIT, (*whose, STRANGERS)), (PER_NETWORK, (origin.network,))]
        return limits.reserve(LIMIT, *whose, origin.network, totals=everybodys), None
    except limits.TooManyAttempts as refused:
        if not known.is_anybodys_network(origin):
            raise
        try:
            return limits.reserve(LIMIT, *whose, QUIETLY, origin.network), refused
        except limits.TooManyAttempts:
            raise refused from None


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

"""How often somebody who has the password may guess: one budget for an account, over all methods and sign-ins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from accounts.sessions.known import known_as
from lib import limits
from lib.limits import TooManyAttempts

if TYPE_CHECKING:
    from accounts.user.models import User
    from lib.limits import Reservation
    from lib.origin import Origin
    from twofactor.challenge.asked import Asked

QUARTER = timedelta(minutes=15)
WEEK = timedelta(days=7)
PER_NETWORK = limits.Limit(name="second_factor.network", times=10, period=QUARTER)
# Whoever hops from network to network guesses no faster than this. Codes stop altogether at 100 wrong ones in a row
# (NIST SP 800-63B-4 §3.2.2). Strangers get part of both: whoever has the password must not close codes to the owner
# where the account has been known for a week. Nor may a network have all of it: a neighbour may have the password, too.
# Signing in from home does not refill what a stranger elsewhere has used up.
RATE = limits.Limit(name="second_factor.rate", times=30, period=QUARTER)
IN_ALL = limits.Limit(name="second_factor", times=10**9, period=limits.FOREVER, most_in_a_row=100)
STRANGERS_RATE, STRANGERS = replace(RATE, times=25), replace(IN_ALL, most_in_a_row=80)
NETWORKS = replace(IN_ALL, most_in_a_row=90)
KEPT = limits.Limit(name="second_factor.kept", times=5, period=timedelta(days=1))
# Nobody guesses the signature of a key or a phone: all that this bounds is work, in one sign-in or session.
UNGUESSABLE = limits.Limit(name="second_factor.unguessable", times=60, period=QUARTER)


def reserve(user: User, origin: Origin) -> Reservation:
    """Take one try of a code to sign in with, before it is looked at. Raises TooManyAttempts.

    Call it outside any transaction. Whoever is known counts as a stranger as long as strangers have tries left.
    """
    totals = [(STRANGERS_RATE, (user.pk,)), (STRANGERS, (user.pk,))]
    try:
        return limits.reserve(PER_NETWORK, user.pk, origin.network, totals=totals)
    except TooManyAttempts:
        place = known_as(user.pk, origin, for_at_least=WEEK)
        if not place:
            raise
    in_all = NETWORKS if place == origin.network_digest else IN_ALL
    return limits.reserve(KEPT, user.pk, place, totals=[(RATE, (user.pk,)), (in_all, (user.pk,))])


def reserve_unguessable(asked: Asked) -> Reservation:
    """The same for an answer that nobody can guess; no guesses close it, and it is none of them."""
    whose = ("attempt", asked.attempt.pk) if asked.attempt else ("session", asked.browser)
    return limits.reserve(UNGUESSABLE, *whose)


def is_closed_by(reservation: Reservation, user: User) -> bool:
    """Whether this try, if it is wrong, is the last one for a while or for good."""
    in_all = reservation.in_a_row_of(IN_ALL, user.pk)
    ends = {limit.most_in_a_row for limit in (STRANGERS, NETWORKS, IN_ALL)}
    return reservation.in_a_row == PER_NETWORK.times or in_all in ends

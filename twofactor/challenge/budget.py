"""How often somebody who has the password may guess: one budget for an account, over all methods and sign-ins."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from accounts.sessions.known import known_as
from lib import limits
from lib.limits import TooManyAttempts

if TYPE_CHECKING:
    from accounts.sessions.store import SessionStore
    from accounts.user.models import User
    from lib.limits import Reservation
    from lib.origin import Origin
    from twofactor.challenge.forms import ChallengeForm

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
PER_NETWORK = limits.Limit(name="second_factor.network", times=10, period=QUARTER)
# Whoever hops from network to network guesses no faster than this.
ALL_NETWORKS = limits.Limit(name="second_factor.rate", times=30, period=QUARTER)
# Codes stop altogether at 100 wrong ones in a row (NIST SP 800-63B-4 §3.2.2): 80 that anybody can use up, and 20 kept
# for where the account has been known for a week, so that nobody with the password closes its own doors to the owner.
# Signing in from home does not refill what a stranger elsewhere has used up.
IN_ALL = limits.Limit(name="second_factor", times=10**9, period=limits.FOREVER, most_in_a_row=80)
KEPT_BY_EACH = limits.Limit(name="second_factor.kept.each", times=5, period=DAY)
KEPT = limits.Limit(name="second_factor.kept", times=5, period=DAY, most_in_a_row=20)
KNOWN_SINCE = timedelta(days=7)
# Beside those: whoever is signed in, in this browser or with a copy of its cookie.
PER_SESSION = limits.Limit(  # for longer than any session lasts
    name="confirm.session", times=5, period=2 * DAY, new_sign_in_opens=True
)
PER_DAY = limits.Limit(name="confirm", times=10, period=DAY)
# Nobody guesses the signature of a key or a phone: all that this bounds is work, in one sign-in or session.
UNGUESSABLE = limits.Limit(name="second_factor.unguessable", times=60, period=QUARTER)


def reserve(form: ChallengeForm, session: SessionStore) -> Reservation:
    """Take one try before the answer is looked at. Raises TooManyAttempts. Call it outside any transaction."""
    asked = form.asked
    if not form.is_guessable:
        whose = ("attempt", asked.attempt.pk) if asked.attempt else ("session", _id_of(session))
        return limits.reserve(UNGUESSABLE, *whose)
    if asked.attempt is None:
        return reserve_confirming(asked.user, session)
    return reserve_code(asked.user, asked.origin)


def reserve_code(user: User, origin: Origin) -> Reservation:
    """The same for a code to sign in with."""
    try:
        return limits.reserve(PER_NETWORK, user.pk, origin.network, totals=[(ALL_NETWORKS, user.pk), (IN_ALL, user.pk)])
    except TooManyAttempts as refusal:
        place = known_as(user.pk, origin, for_at_least=KNOWN_SINCE)
        if not place:
            raise
        return _reserve_kept(user, place, refusal)


def reserve_confirming(user: User, session: SessionStore) -> Reservation:
    """The same for a code or password of somebody who is signed in: they have a budget of their own."""
    return limits.reserve(PER_SESSION, _id_of(session), totals=[(PER_DAY, user.pk)])


def is_closed_by(reservation: Reservation, user: User) -> bool:
    """Whether this try, if it is wrong, is the last one for a while or for good."""
    is_last_of_all = reservation.in_a_row_of(IN_ALL, user.pk) == IN_ALL.most_in_a_row
    return reservation.in_a_row == PER_NETWORK.times or is_last_of_all


def _id_of(session: SessionStore) -> int:
    return session.row.pk if session.row else 0


def _reserve_kept(user: User, place: str, refusal: TooManyAttempts) -> Reservation:
    try:
        return limits.reserve(KEPT_BY_EACH, user.pk, place, totals=[(KEPT, user.pk)])
    except TooManyAttempts:
        raise refusal from None

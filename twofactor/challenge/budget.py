"""How often somebody who has the password may guess: one budget for an account, over all methods and sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lib import limits

if TYPE_CHECKING:
    from accounts.user.models import User
    from lib.limits import Reservation
    from lib.origin import Origin

PER_NETWORK = limits.Limit(name="second_factor.network", times=10, period=timedelta(minutes=15))
# Codes stop altogether at 100 wrong ones in a row (NIST SP 800-63B-4 §3.2.2). Signing in from home does not refill
# what a stranger elsewhere has used up.
IN_ALL = limits.Limit(name="second_factor", times=10**9, period=limits.FOREVER, most_in_a_row=100)


def reserve(user: User, origin: Origin) -> Reservation:
    """Take one try before the answer is looked at. Raises TooManyAttempts. Call it outside any transaction."""
    return limits.reserve(PER_NETWORK, user.pk, origin.network, total=IN_ALL, total_subject=user.pk)


def is_closed_by(reservation: Reservation) -> bool:
    """Whether this try, if it is wrong, is the last one for a while or for good."""
    return reservation.in_a_row == PER_NETWORK.times or reservation.in_all == IN_ALL.most_in_a_row

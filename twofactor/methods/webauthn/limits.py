"""How often a key may be asked. Each question is a row, and a signature costs more to check than to make up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lib import limits

if TYPE_CHECKING:
    from accounts.user.models import User
    from lib.limits import Reservation
    from lib.origin import Origin

# For account and network: whoever has no more than the password must not be able to use up the owner's.
OPTIONS = limits.Limit(name="webauthn.options", times=60, period=timedelta(minutes=15))
TRIES = limits.Limit(name="webauthn.tries", times=20, period=timedelta(minutes=15))
# Anybody's, by their network. Every sign-in page that can fill passkeys in asks once; whoever has left it open, again.
STRANGERS_OPTIONS = limits.Limit(name="passkey.options", times=300, period=timedelta(minutes=15))
STRANGERS_ANSWERS = limits.Limit(name="passkey.answers", times=30, period=timedelta(minutes=15))


def reserve_options(user: User, origin: Origin) -> None:
    """Take one question to a person's keys. Raises TooManyAttempts. Call it outside any transaction."""
    limits.reserve(OPTIONS, user.pk, origin.network)


def reserve_try(user_id: int) -> None:
    """Take one try of a key by a person who is signed in: it opens nothing, so it is given to nobody back."""
    limits.reserve(TRIES, user_id)


def reserve_strangers_options(origin: Origin) -> None:
    """The same, before anybody has said who they are. Raises TooManyAttempts."""
    limits.reserve(STRANGERS_OPTIONS, origin.network)


def reserve_answer(origin: Origin) -> Reservation:
    """Take one try to sign in with a passkey alone; a right one is given back. Raises TooManyAttempts."""
    return limits.reserve(STRANGERS_ANSWERS, origin.network)

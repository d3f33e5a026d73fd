"""Questions to keys: made here, kept here, answered once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from lib import clock
from lib.prepared import PreparedUpdate
from twofactor.methods.webauthn.credentials import to_base64url
from twofactor.methods.webauthn.models import PasskeyChallenge

if TYPE_CHECKING:
    from accounts.user.models import User
    from lib.origin import Origin

LIFETIME = timedelta(minutes=5)
BYTES = 32
KEPT = timedelta(hours=1)  # afterwards nothing can act on it

Purpose = PasskeyChallenge.Purpose


@dataclass(frozen=True, kw_only=True)
class Question:
    """What for, in which browser, of whom; nobody in particular, before a passkey has said who it is."""

    purpose: Purpose
    browser: str  # the digest of what it is known by, such as its session's key
    user: User | None
    origin: Origin


def ask(question: Question) -> str:
    """Keep a new challenge; returns it as base64url."""
    challenge = to_base64url(secrets.token_bytes(BYTES))
    PasskeyChallenge.objects.create(
        challenge=challenge, purpose=question.purpose, browser=question.browser, user=question.user
    )
    return challenge


def claim(challenge: str, question: Question) -> bool:
    """Whether it was asked for this, here, of this person, a moment ago, and never answered. From now on it is.

    Call it outside the transaction of what the answer allows: a refusal must not bring the question back (WA-04).
    """
    now = clock.now()
    whose = {"user_id": question.user.pk} if question.user else {}
    claimed = _claim(of_somebody=bool(whose)).run(
        challenge=challenge, purpose=question.purpose, browser=question.browser, since=now - LIFETIME, now=now, **whose
    )
    return claimed == 1


@cache
def _claim(*, of_somebody: bool) -> PreparedUpdate[PasskeyChallenge]:
    return PreparedUpdate(
        lambda given: PasskeyChallenge.objects.filter(
            challenge=given.challenge,
            purpose=given.purpose,
            browser=given.browser,
            user=given.user_id if of_somebody else None,
            created_at__gt=given.since,
            used_at=None,
        ),
        lambda given: {"used_at": given.now},
    )


def purge() -> int:
    """Delete what is over; returns how many."""
    return PasskeyChallenge.objects.filter(created_at__lt=clock.now() - KEPT).delete()[0]

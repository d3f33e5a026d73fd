"""Where a person is known from: a session needs the second step, so nobody gets known with a password alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from accounts.sessions.models import Session
from audit import events
from audit.models import SecurityEvent
from lib import clock
from lib.prepared import PreparedSelect

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.user.models import User

SIGN_INS = (events.SIGNED_IN.slug, events.SIGNED_IN_NEW.slug)
KNOWN_FOR = timedelta(days=90)
_BEGUN_THERE = PreparedSelect(
    lambda given: Session.objects.filter(
        user_id=given.user_id, network_digest=given.network, first_seen_at__gt=given.since
    )
)


def is_known_network(user_id: int, network_digest: str) -> bool:
    """Whether a session of theirs began there lately. For nobody (0) it takes as long."""
    return _BEGUN_THERE.any(user_id=user_id, network=network_digest, since=clock.now() - KNOWN_FOR)


def has_signed_in(user: User, *, before: datetime | None = None) -> bool:
    """Whether this would not be the very first sign-in of the account.

    Events go after a year. Where some have gone, a sign-in may have been among them: else a thief would be the first
    ever to enter an account that rested for so long.
    """
    sign_ins = SecurityEvent.objects.filter(user=user, slug__in=SIGN_INS)
    if before is not None:
        sign_ins = sign_ins.filter(created_at__lt=before)
    return sign_ins.exists() or _has_forgotten(user)


def _has_forgotten(user: User) -> bool:
    head = getattr(user, "audit_head", None)  # read with the person at a sign-in
    return head is not None and head.has_forgotten

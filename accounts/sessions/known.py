"""Where a person is known from: a session needs the second step, so nobody gets known with a password alone."""

from __future__ import annotations

from datetime import timedelta

from accounts.sessions.models import Session
from lib import clock
from lib.prepared import PreparedSelect

KNOWN_FOR = timedelta(days=90)
_BEGUN_THERE = PreparedSelect(
    lambda given: Session.objects.filter(
        user_id=given.user_id, network_digest=given.network, first_seen_at__gt=given.since
    )
)


def is_known_network(user_id: int, network_digest: str) -> bool:
    """Whether a session of theirs began there lately. For nobody (0) it takes as long."""
    return _BEGUN_THERE.any(user_id=user_id, network=network_digest, since=clock.now() - KNOWN_FOR)

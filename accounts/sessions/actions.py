"""Ending sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from accounts.sessions.models import Ending, Session
from lib import clock

if TYPE_CHECKING:
    from accounts.sessions.store import SessionStore
    from accounts.user.models import User

KEPT = timedelta(days=90)  # as long as a network counts as known


def end_others(user: User, *, keep: SessionStore | None, reason: Ending) -> int:
    """End every session of the person but the one at hand; returns how many."""
    now = clock.now()
    others = Session.objects.live(now).filter(user=user)
    if keep is not None and keep.row is not None:
        others = others.exclude(pk=keep.row.pk)
    return others.update(ended_at=now, ended_by=reason, data="")


def end_by_digest(user: User, key_digest: str) -> int:
    """End the person's session with this key, which they have called somebody else's."""
    found = Session.objects.live(clock.now()).filter(user=user, key_digest=key_digest)
    return found.update(ended_at=clock.now(), ended_by=Ending.SIGNED_OUT, data="")


def purge_sessions() -> int:
    """Delete visitors' rows that are over, and people's after 90 days; returns how many."""
    now = clock.now()
    visitors = Session.objects.filter(user=None, expires_at__lt=now)
    people = Session.objects.filter(expires_at__lt=now - KEPT)
    return visitors.delete()[0] + people.delete()[0]

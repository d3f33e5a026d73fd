"""Ending sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from accounts.login.models import LoginAttempt
from accounts.sessions.known import KNOWN_FOR
from accounts.sessions.models import Ending, Session
from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import clock

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from accounts.sessions.models import SessionQuerySet
    from accounts.sessions.store import SessionStore

DOUBTED = timedelta(days=7)  # how long a thief may have been in before somebody says so


def end_others(user: User, *, keep: SessionStore | None, reason: Ending) -> int:
    """End every session of the person but the one at hand; returns how many."""
    now = clock.now()
    others = Session.objects.live(now).filter(user=user)
    if keep is not None and keep.row is not None:
        others = others.exclude(pk=keep.row.pk)
    return others.update(ended_at=now, ended_by=reason, data="")


def end_disowned(session: Session) -> None:
    """End a session that its owner has called somebody else's: its place is none of theirs.

    So does every other session in the same remembered browser. Call it with the person's row locked.
    """
    now = clock.now()
    same_browser = Q(browser_digest=session.browser_digest) if session.browser_digest else Q(pk=session.pk)
    found = Session.objects.filter(Q(pk=session.pk) | same_browser, user=session.user_id)
    found.update(network_digest="")
    found.live(now).update(ended_at=now, ended_by=Ending.SIGNED_OUT, data="")


@transaction.atomic
def end_one(session: Session, *, request: SignedInRequest) -> None:
    """Sign out one of the person's browsers; its next request is a visitor's."""
    now = clock.now()
    if Session.objects.live(now).filter(pk=session.pk).update(ended_at=now, ended_by=Ending.ELSEWHERE, data=""):
        record(events.SESSION_ENDED, user=request.user, origin=request.origin, name=session.browser)


@transaction.atomic
def end_elsewhere(request: SignedInRequest) -> None:
    """Sign out every browser but the one at hand, also those that are between the password and the second step."""
    user = request.user
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # as whoever else ends their sessions
    LoginAttempt.objects.pending().filter(user=user).update(state=LoginAttempt.State.ABANDONED)
    end_others(user, keep=request.session, reason=Ending.ELSEWHERE)
    record(events.SESSIONS_ENDED, user=user, origin=request.origin)


def end_stolen(browser_digest: str) -> None:
    """End every session in one remembered browser and in copies of it; their places make nobody known any more.

    Call it with the person's row locked.
    """
    now = clock.now()
    there = Session.objects.filter(browser_digest=browser_digest)
    there.live(now).update(ended_at=now, ended_by=Ending.BROWSER_STOLEN, data="")
    _forget_places(there)


def forget_places(user: User) -> None:
    """Let nobody be known from where the sessions of the last days came from: one of them was a thief's.

    What an older session came from stays known. Call it with the person's row locked.
    """
    _forget_places(Session.objects.filter(user=user))


def end_with_browser(user: User, *, wanted: bool) -> None:
    """Have every browser of the person drop its session when it is closed, or keep it: told with their next answer."""
    Session.objects.live(clock.now()).filter(user=user).update(ends_with_browser=wanted)


def purge_sessions() -> int:
    """Delete visitors' rows that are over, and people's after 90 days; returns how many."""
    now = clock.now()
    visitors = Session.objects.filter(user=None, expires_at__lt=now)
    people = Session.objects.filter(expires_at__lt=now - KNOWN_FOR)
    return visitors.delete()[0] + people.delete()[0]


def _forget_places(sessions: SessionQuerySet) -> None:
    """Only what recognises the network goes; where it was stays readable for the person."""
    sessions.filter(first_seen_at__gt=clock.now() - DOUBTED).update(network_digest="")

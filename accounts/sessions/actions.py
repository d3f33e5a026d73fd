"""Ending sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from accounts.sessions.known import KNOWN_BROWSER_FOR, KNOWN_FOR
from accounts.sessions.models import Ending, Session
from audit import events
from audit.actions import record
from lib import clock

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from accounts.sessions.models import SessionQuerySet
    from accounts.sessions.store import SessionStore
    from accounts.user.models import User

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
    forget_browsers(session.user_id or 0, found)
    found.live(now).update(ended_at=now, ended_by=Ending.SIGNED_OUT, data="")


@transaction.atomic
def end_one(session: Session, *, request: SignedInRequest) -> None:
    """Sign out one of the person's browsers; its next request is a visitor's, and a sign-in there is news again."""
    now = clock.now()
    if Session.objects.live(now).filter(pk=session.pk).update(ended_at=now, ended_by=Ending.ELSEWHERE, data=""):
        forget_browsers(request.user.pk, Session.objects.filter(pk=session.pk))
        record(events.SESSION_ENDED, user=request.user, origin=request.origin, name=session.browser)


def end_stolen(user_id: int, browser_digest: str) -> None:
    """End every session in one remembered browser and in copies of it; their places make nobody known any more.

    Call it with the person's row locked.
    """
    now = clock.now()
    there = Session.objects.filter(browser_digest=browser_digest)
    there.live(now).update(ended_at=now, ended_by=Ending.BROWSER_STOLEN, data="")
    _forget_places(there)
    forget_browsers(user_id, there)


def forget_places(user: User) -> None:
    """Let nobody be known by a browser, nor from where the sessions of the last days came: one was a thief's.

    What an older session came from stays known. Call it with the person's row locked.
    """
    _forget_places(Session.objects.filter(user=user))
    forget_browsers(user.pk)


def forget_browsers(user_id: int, of: SessionQuerySet | None = None, *, but: Session | None = None) -> None:
    """Let the person be known by none of their browsers any more; or by none of these sessions', or all but one.

    What a cookie said is never taken up again: a thief may hold a copy. The next sign-in there brings another one.
    """
    mine = Session.objects.filter(user=user_id).exclude(known_browser="")
    if of is not None:
        mine = mine.filter(known_browser__in=list(of.values_list("known_browser", flat=True)))
    if but is not None:
        mine = mine.exclude(known_browser=but.known_browser)
    mine.update(known_browser="")


def end_with_browser(user: User, *, wanted: bool) -> None:
    """Have every browser of the person drop its session when it is closed, or keep it: told with their next answer."""
    Session.objects.live(clock.now()).filter(user=user).update(ends_with_browser=wanted)


def purge_sessions() -> int:
    """Delete visitors' rows that are over, and people's after 90 days; returns how many.

    Of one whose browser is known, no more is kept than that.
    """
    now = clock.now()
    visitors = Session.objects.filter(user=None, expires_at__lt=now)
    old = Session.objects.filter(expires_at__lt=now - KNOWN_FOR)
    people = old.filter(Q(known_browser="") | Q(first_seen_at__lt=now - KNOWN_BROWSER_FOR))
    gone = visitors.delete()[0] + people.delete()[0]
    old.exclude(ip=None).update(ip=None, user_agent="", place="", network_digest="")  # its browser stays known
    return gone


def _forget_places(sessions: SessionQuerySet) -> None:
    """Only what recognises the network goes; where it was stays readable for the person."""
    sessions.filter(first_seen_at__gt=clock.now() - DOUBTED).update(network_digest="")

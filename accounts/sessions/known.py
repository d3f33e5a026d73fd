"""What a person is known by: a browser, a network. A session needs the second step, so no password makes known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from accounts.sessions.models import Session
from audit import events
from audit.models import SecurityEvent
from lib import clock
from lib.origin import MOST_KNOWN
from lib.prepared import PreparedSelect

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.user.models import User
    from lib.origin import Origin

SIGN_INS = (events.SIGNED_IN.slug, events.SIGNED_IN_NEW.slug)
KNOWN_FOR = timedelta(days=90)
KNOWN_BROWSER_FOR = timedelta(days=365)
_BEGUN_THERE = PreparedSelect(
    lambda given: Session.objects.filter(
        user_id=given.user_id, network_digest=given.network, first_seen_at__range=(given.since, given.until)
    )
)
_BEGUN_THERE_BY_ANYBODY = PreparedSelect(
    lambda given: Session.objects.filter(
        network_digest=given.network, first_seen_at__range=(given.since, given.until)
    ).exclude(user=None)
)
_BEGUN_IN = PreparedSelect(
    lambda given: Session.objects.filter(
        user_id=given.user_id,
        known_browser__in=[given.first, given.second, given.third, given.fourth],
        first_seen_at__range=(given.since, given.until),
    )
)


def known_as(user_id: int, origin: Origin, *, for_at_least: timedelta = timedelta(0)) -> str:
    """The browser, else the network, that the person is known by; "" for a stranger."""
    browser = known_browser(user_id, origin, for_at_least=for_at_least)
    is_known_here = not browser and is_known_network(user_id, origin, for_at_least=for_at_least)
    return origin.network_digest if is_known_here else browser


def known_browser(user_id: int, origin: Origin, *, for_at_least: timedelta = timedelta(0)) -> str:
    """The digest by which the person is known in this browser; "" where they finished no sign-in within a year.

    Nor where somebody may have copied its cookie since: then it was forgotten.
    """
    if not origin.known_by:
        return ""
    now = clock.now()
    since, until = now - KNOWN_BROWSER_FOR, now - for_at_least
    first, second, third, fourth = (*origin.known_by, *[origin.known_by[0]] * MOST_KNOWN)[:MOST_KNOWN]
    tokens = {"first": first, "second": second, "third": third, "fourth": fourth}
    session = _BEGUN_IN.one(user_id=user_id, since=since, until=until, **tokens)
    return session.known_browser if session else ""


def is_known_network(user_id: int, origin: Origin, *, for_at_least: timedelta = timedelta(0)) -> bool:
    """Whether a session of theirs began in it lately. For nobody (0) it takes as long."""
    now = clock.now()
    since, until = now - KNOWN_FOR, now - for_at_least
    return _BEGUN_THERE.any(user_id=user_id, network=origin.network_digest, since=since, until=until)


def is_anybodys_network(origin: Origin) -> bool:
    """Whether anybody at all is known by it."""
    now = clock.now()
    return _BEGUN_THERE_BY_ANYBODY.any(network=origin.network_digest, since=now - KNOWN_FOR, until=now)


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

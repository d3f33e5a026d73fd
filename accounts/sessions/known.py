"""What a person is known by: a browser, a network. A session needs the second step, so no password makes known."""

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
        known_browser=given.browser,
        known_browser_counts=True,
        first_seen_at__range=(given.since, given.until),
    )
)


def known_as(user_id: int, origin: Origin, *, for_at_least: timedelta = timedelta(0)) -> str:
    """The browser, else the network, that the person is known by; "" for a stranger.

    The browser first: a neighbour in the network must not close the door to it. For nobody (0) it takes as long.
    """
    if is_known_browser(user_id, origin, for_at_least=for_at_least):
        return origin.known_browser
    until = clock.now() - for_at_least
    network = origin.network_digest
    is_known = _BEGUN_THERE.any(user_id=user_id, network=network, since=clock.now() - KNOWN_FOR, until=until)
    return network if is_known else ""


def is_anybodys_network(origin: Origin) -> bool:
    """Whether anybody at all is known by this network."""
    now = clock.now()
    return _BEGUN_THERE_BY_ANYBODY.any(network=origin.network_digest, since=now - KNOWN_FOR, until=now)


def is_known_browser(user_id: int, origin: Origin, *, for_at_least: timedelta = timedelta(0)) -> bool:
    """Whether a sign-in of theirs was finished in this browser within a year, and nobody has doubted it since."""
    if not origin.known_browser:
        return False
    now = clock.now()
    since, until = now - KNOWN_BROWSER_FOR, now - for_at_least
    return _BEGUN_IN.any(user_id=user_id, browser=origin.known_browser, since=since, until=until)


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

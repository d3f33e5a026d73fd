"""Sign-ins that their owner must hear of: from a new place, and those that nobody finished."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, Min, OuterRef

from accounts.lock.way_back import is_just_back
from accounts.login.models import LIFETIME, LoginAttempt
from accounts.sessions.known import KNOWN_FOR, has_signed_in, known_browser
from accounts.sessions.models import Session
from accounts.user.models import User
from audit import events
from audit.actions import record
from audit.models import SecurityEvent
from lib import clock, place
from messaging.actions import queue
from messaging.digest import queue_repeatable
from messaging.models import Message
from messaging.phones import alert_phones

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from lib.origin import Origin

MOST_SESSIONS = 100  # looked at: bounds what a password step can cost
MAIL_EVERY = timedelta(hours=1)
MOST_ATTEMPTS = 100  # counted in one mail
MOST_LISTED = 5  # in a mail and in the record
MOST_ACCOUNTS = 500  # told by one run of the task: the next one goes on


# ── From a new place ──
def is_new_place(user: User, origin: Origin) -> bool:
    """Whether no sign-in of the person was finished in this browser before, or none in this country.

    A browser is known by its cookie, whatever it says of itself: whoever relays a sign-in sends the name of the owner's
    browser along, and a colleague sits in the owner's network, but neither has the cookie. With it a new network is no
    news. The very first sign-in of an account is never new.
    """
    if not known_browser(user.pk, origin):
        return has_signed_in(user)
    return _is_new_country(user, place.country(origin.ip))


def _is_new_country(user: User, country: str) -> bool:
    """Beside those of the last 90 days; one that may have been a thief's, whose network was forgotten, is none."""
    if not country:
        return False
    sessions = Session.objects.filter(user=user, first_seen_at__gt=clock.now() - KNOWN_FOR).exclude(network_digest="")
    recent = sessions.exclude(ip=None).order_by("-first_seen_at").values_list("ip", flat=True)[:MOST_SESSIONS]
    seen = {place.country(ip) for ip in set(recent) if ip} - {""}
    return bool(seen) and country not in seen


def tell_new_place(user: User, *, event_id: int) -> None:
    """On the phones and by mail to every address concerned, several within an hour in one, unless that is turned off.

    A locked account that has just been opened is told of apart, with the sign-in that opened it.
    """
    if not user.alerts_new_places or is_just_back(user, SecurityEvent.objects.get(pk=event_id).origin):
        return
    alert_phones(user, event_id=event_id, group="new_sign_in")
    for to in user.recipients:
        queue_repeatable("new_sign_in", to=to, user=user, group="new_sign_in", item=event_id)


# ── Half finished ──
def tell_half_finished() -> None:
    """Tell each owner, once, of sign-ins with the right password whose second step nobody did.

    First those who have waited longest, and nobody whose turn it is not yet: else as many accounts as one run takes,
    kept busy by whoever owns them, would be all that any run ever comes to.
    """
    too_soon = Exists(_told_lately().filter(user=OuterRef("user")))
    waiting = LoginAttempt.objects.half_finished().exclude(too_soon).values("user")
    longest = waiting.annotate(since=Min("started_at")).order_by("since", "user").values_list("user", flat=True)
    for user in User.objects.filter(pk__in=list(longest[:MOST_ACCOUNTS])):
        _tell_half_finished_of(user)


@transaction.atomic
def _tell_half_finished_of(user: User) -> None:
    """One mail for all of an account's, at most one an hour: what comes meanwhile waits for the next.

    Settling them is one UPDATE that locks them all, so of two workers at the same instant one finds nothing left.
    """
    now = clock.now()
    if not LoginAttempt.objects.half_finished().filter(user=user).update(settled_at=now):
        return
    settled = LoginAttempt.objects.filter(user=user, settled_at=now).order_by("-started_at")
    strange = _not_finished_after_all(user, list(settled[:MOST_ATTEMPTS]))
    if not strange:
        return
    if _told_lately().filter(user=user).exists():  # by another worker, since the accounts were chosen
        transaction.set_rollback(True)
        return
    listed = strange[:MOST_LISTED]
    ids = ",".join(str(attempt.pk) for attempt in listed)
    for to in user.recipients:
        queue("half_finished", to=to, user=user, details={"attempts": ids, "count": len(strange)})
    for attempt in reversed(listed):
        record(events.HALF_FINISHED, user=user, origin=attempt.origin)


def _not_finished_after_all(user: User, attempts: list[LoginAttempt]) -> list[LoginAttempt]:
    """Without those that the person began again, for example in another tab, and finished from the same network."""
    oldest = min(attempt.started_at for attempt in attempts) - LIFETIME
    finished = LoginAttempt.objects.filter(user=user, state=LoginAttempt.State.FINISHED, started_at__gt=oldest)
    known = [(other.origin.network, other.started_at) for other in finished]
    return [
        attempt
        for attempt in attempts
        if not any(
            network == attempt.origin.network and abs(started_at - attempt.started_at) < LIFETIME
            for network, started_at in known
        )
    ]


def _told_lately() -> QuerySet[Message]:
    return Message.objects.filter(kind="half_finished", created_at__gt=clock.now() - MAIL_EVERY)

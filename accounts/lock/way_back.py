"""The way back into a locked account is told in one mail: three within a minute would look like an attack."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from audit import events
from audit.models import SecurityEvent
from lib import clock
from messaging.actions import queue, withdraw
from messaging.models import Message
from messaging.phones import alert_phones

if TYPE_CHECKING:
    from accounts.user.models import User
    from lib.origin import Origin

SECOND_STEP_WITHIN = timedelta(minutes=10)  # of the new password; the account is locked until then
JUST_BACK = timedelta(hours=1)


def tell_reset_in_a_while(user: User) -> None:
    """Of a new password, which opens nothing yet: soon, unless the second step follows and tells of both."""
    reset = _last(user, events.PASSWORD_RESET)
    if reset is None:
        return
    later = clock.now() + SECOND_STEP_WITHIN
    alert_phones(user, event_id=reset.pk, not_before=later)
    for to in user.recipients:
        queue("security_event", to=to, user=user, details={"event": reset.pk}, not_before=later)


def take_back_reset(user: User) -> None:
    """What waits to be told of new passwords since the lock; the mail about the way back tells it."""
    locked = _last(user, events.ACCOUNT_LOCKED)
    resets = SecurityEvent.objects.of(user).filter(slug=events.PASSWORD_RESET.slug, seq__gt=locked.seq if locked else 0)
    withdraw(Message.objects.filter(user=user, details__event__in=list(resets.values_list("pk", flat=True))))


def is_just_back(user: User, origin: Origin) -> bool:
    """Whether this browser has just brought the person back: what it does to tidy up was told with that."""
    unlocked = _last(user, events.ACCOUNT_UNLOCKED)
    if unlocked is None or unlocked.created_at < clock.now() - JUST_BACK:
        return False
    there = unlocked.origin
    return (there.network, there.user_agent) == (origin.network, origin.user_agent)


def steps_back(unlocked: SecurityEvent) -> list[SecurityEvent]:
    """What brought the person back, in its order: the new password since the lock, and what opened the account."""
    before = SecurityEvent.objects.filter(user=unlocked.user, seq__lt=unlocked.seq).order_by("-seq")
    either = before.filter(slug__in=[events.PASSWORD_RESET.slug, events.ACCOUNT_LOCKED.slug]).first()
    is_reset = either is not None and either.slug == events.PASSWORD_RESET.slug
    return [either, unlocked] if either is not None and is_reset else [unlocked]


def _last(user: User, event: events.Event) -> SecurityEvent | None:
    return SecurityEvent.objects.of(user).filter(slug=event.slug).first()

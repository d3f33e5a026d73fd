"""When a phone is not asked: a push that comes too often teaches its owner to say yes (PU-06)."""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import TYPE_CHECKING

from lib import clock
from twofactor.challenge.asked import Purpose
from twofactor.methods.push.models import PushRequest

if TYPE_CHECKING:
    from accounts.user.models import User
    from twofactor.challenge.asked import Asked
    from twofactor.methods.push.models import PushRequestQuerySet

LATELY = timedelta(minutes=10)
MOST_LATELY = 3
DAY = timedelta(days=1)
MOST_A_DAY = 10  # without a success
AFTER_NO = timedelta(minutes=5)
MOST_TRIALS = 5  # in ten minutes
MOST_NO = 3  # in a day; then no more until the person has done something about it, or the day is over


class Hold(enum.Enum):
    """Why no request is sent now."""

    BUSY = "busy"  # another browser's is open
    OFTEN = "often"
    BLOCKED = "blocked"  # somebody has just said no
    PAUSED = "paused"  # three times, or "not me"


def hold_of(asked: Asked) -> Hold | None:
    """None if a request may be sent for this browser. Inside send() with the person's row locked; else a forecast."""
    user = asked.user
    if is_paused(user):
        return Hold.PAUSED
    if _denied(user).filter(answered_at__gt=clock.now() - AFTER_NO).exists():
        return Hold.BLOCKED
    if any(not is_of(request, asked) for request in PushRequest.objects.open().but_trials().filter(user=user)):
        return Hold.BUSY
    is_often = _is_tried_often(user) if asked.purpose is Purpose.TRIAL else _is_often(user)
    return Hold.OFTEN if is_often else None


def is_paused(user: User) -> bool:
    """After "not me" or three times no in a day. Another password or method lifts it: then the thief knows nothing."""
    denied = _denied(user).filter(answered_at__gt=clock.now() - DAY)
    reasons = list(denied.values_list("reason", flat=True)[:MOST_NO])
    return len(reasons) == MOST_NO or PushRequest.Reason.NOT_ME in reasons


def is_of(request: PushRequest, asked: Asked) -> bool:
    """Whether it is this browser's, of this sign-in or of one that was begun again."""
    return request.browser == asked.browser or (asked.earlier is not None and request.attempt_id == asked.earlier)


def sent_lately(user: User) -> int:
    return PushRequest.objects.but_trials().filter(user=user, created_at__gt=clock.now() - LATELY).count()


def _denied(user: User) -> PushRequestQuerySet:
    generation = user.auth_generation
    return PushRequest.objects.but_trials().filter(
        user=user, state=PushRequest.State.DENIED, auth_generation=generation
    )


def _is_often(user: User) -> bool:
    since = clock.now() - DAY
    mine = PushRequest.objects.but_trials().filter(user=user)
    success = mine.filter(state=PushRequest.State.SPENT, answered_at__gt=since).order_by("-answered_at").first()
    today = mine.filter(created_at__gt=success.created_at if success else since).count()
    return sent_lately(user) >= MOST_LATELY or today >= MOST_A_DAY


def _is_tried_often(user: User) -> bool:
    """A trial that came counts here alone: it takes no real request's place."""
    since = clock.now() - LATELY
    return PushRequest.objects.trials().filter(user=user, created_at__gt=since).count() >= MOST_TRIALS

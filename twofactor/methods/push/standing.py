"""Where a browser's question to the phone stands, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from lib import clock
from messaging.models import Message, State
from twofactor.methods.push.limits import Hold, hold_of
from twofactor.methods.push.models import PushRequest

if TYPE_CHECKING:
    from twofactor.challenge.asked import Asked

DELIVERED_WITHIN = timedelta(seconds=5)  # after that the page offers the code
WAITING, APPROVED, DENIED, WRONG_NUMBER, EXPIRED, NONE = (
    "waiting", "approved", "denied", "wrong_number", "expired", "none",
)  # fmt: skip
NAMES = {
    PushRequest.State.PENDING: WAITING,
    PushRequest.State.APPROVED: APPROVED,
    PushRequest.State.DENIED: DENIED,
    PushRequest.State.WRONG_NUMBER: WRONG_NUMBER,
}


@dataclass(frozen=True)
class Standing:
    """One state, the request it is of, and why no other may be sent now."""

    state: str
    request: PushRequest | None
    hold: Hold | None
    is_again: bool = False  # there was another number on this page before

    @property
    def number(self) -> str:
        return self.request.number if self.request is not None and self.state == WAITING else ""

    @property
    def seconds_left(self) -> int:
        left = self.request.expires_at - clock.now() if self.request is not None else timedelta(0)
        return max(0, int(left.total_seconds()))


def standing_of(asked: Asked) -> Standing:
    mine = PushRequest.objects.asked_by(asked).order_by("-created_at")
    latest = mine.first()
    state = state_of(latest) if latest is not None else NONE
    hold = None if state in (WAITING, APPROVED) else hold_of(asked)
    return Standing(state, latest, hold, is_again=state == WAITING and mine.count() > 1)


def state_of(request: PushRequest) -> str:
    if request.state == PushRequest.State.PENDING and request.is_late:
        return EXPIRED
    return NAMES.get(PushRequest.State(request.state), EXPIRED)


def is_undelivered(request_id: str, user_id: int) -> bool:
    """Whether no push service has taken the request yet, though there is a phone to write to."""
    pushes = Message.objects.filter(user=user_id, kind="push_request", details__request=request_id)
    states = list(pushes.values_list("state", flat=True))
    return bool(states) and State.SENT not in states

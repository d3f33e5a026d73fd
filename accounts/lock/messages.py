"""The mail about the way back into a locked account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.lock.way_back import steps_back
from audit.messages import sighting
from audit.models import SecurityEvent
from messaging import content

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def back_in(message: Message) -> Content:
    """To every address concerned: that the account is open, and what opened it."""
    unlocked = SecurityEvent.objects.select_related("user").get(pk=message.details["event"])
    steps = [{"words": event.words, **sighting(event)} for event in steps_back(unlocked)]
    return content.alert(message, {"steps": steps})

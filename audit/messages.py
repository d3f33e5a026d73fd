"""What an alert says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.models import SecurityEvent
from lib import place, user_agent
from messaging import content
from messaging.digest import told_of

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def security_event(message: Message) -> Content:
    return content.alert(message, told_events(message))


def told_events(message: Message) -> dict[str, object]:
    """One change, or several things of one kind: the newest first; more says how many are not listed."""
    wanted, more = told_of(message)
    events = list(SecurityEvent.objects.filter(pk__in=wanted).select_related("user").order_by("-seq"))
    if not events or events[0].user is None:
        raise LookupError("an alert about nobody's account")
    return {
        "headline": events[0].words,
        "subject": events[0].event.subject or events[0].words,
        "sightings": [sighting(event) for event in events],
        "more": more,
        "device_name": events[0].details.get("name", ""),
    }


def sighting(event: SecurityEvent) -> dict[str, object]:
    """When and where from, in the time of the person."""
    return {
        "when": event.created_at.astimezone(event.user.zone) if event.user else event.created_at,
        "browser": user_agent.describe(event.user_agent),
        "place": place.approximate_place(event.ip),
    }

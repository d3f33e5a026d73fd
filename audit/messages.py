"""What an alert says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from audit.models import SecurityEvent
from lib import place, site, user_agent
from messaging import content

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def security_event(message: Message) -> Content:
    event = SecurityEvent.objects.select_related("user").get(pk=message.details["event"])
    if event.user is None:
        raise LookupError("an alert about nobody's account")
    return content.from_templates(
        message,
        {
            "headline": event.words,
            "when": event.created_at.astimezone(event.user.zone),
            "browser": user_agent.describe(event.user_agent),
            "place": place.approximate_place(event.ip),
            "device_name": event.details.get("name", ""),
            "link": site.absolute(reverse("twofactor:devices:overview")),
        },
    )

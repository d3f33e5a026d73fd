"""The mail that a deleted account leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from accounts.settings.models import GRACE, Deletion
from audit.models import SecurityEvent
from lib import links, place, site, user_agent
from messaging import content

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def deleted(message: Message) -> Content:
    """The link is made here, in the worker: neither the outbox nor the queue ever holds it."""
    deletion = Deletion.objects.select_related("user").get(pk=message.details["deletion"])
    event = SecurityEvent.objects.get(pk=message.details["event"])
    zone = deletion.user.zone
    token = links.token_for("account_restore", deletion.pk)
    return content.alert(
        message,
        {
            "link": site.absolute(reverse("accounts:settings:restore", args=[token])),
            "days": GRACE.days,
            "due": deletion.due_at.astimezone(zone),
            "when": event.created_at.astimezone(zone),
            "browser": user_agent.describe(event.user_agent),
            "place": place.approximate_place(event.ip),
        },
    )

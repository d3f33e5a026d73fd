"""Mails about a first second factor. Links are made here, in the worker: neither outbox nor queue ever holds one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from audit.models import SecurityEvent
from lib import links, site, user_agent
from messaging import content
from twofactor.enrolment.models import CHECK_LIFETIME, UNDO_LIFETIME
from twofactor.enrolment.proof import undo_token

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def added(message: Message) -> Content:
    """Two-step verification is on; the link turns it off again."""
    token = undo_token(int(message.details["enrolment"]), message.recipient_email)
    link = site.absolute(reverse("twofactor:enrolment:undo", args=[token]))
    return content.alert(message, {**_facts(message), "link": link, "days": UNDO_LIFETIME.days})


def check(message: Message) -> Content:
    """Somebody in a new place wants to turn it on; the link lets that browser."""
    token = links.token_for("enrolment_check", int(message.details["check"]))
    link = site.absolute(reverse("twofactor:enrolment:confirm", args=[token]))
    context = {"link": link, "minutes": CHECK_LIFETIME.seconds // 60}
    return content.alert(message, {**_facts(message), **context})


def _facts(message: Message) -> dict[str, object]:
    event = SecurityEvent.objects.select_related("user").get(pk=message.details["event"])
    return {
        "when": event.created_at.astimezone(event.user.zone) if event.user else event.created_at,
        "browser": user_agent.describe(event.user_agent),
        "place": event.place,
        "device_name": event.details.get("name", ""),
    }

"""Mails about the address. Links are made here, in the worker: neither the outbox nor the queue ever holds one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from accounts.email.models import LIFETIME, UNDO_LIFETIME, EmailChange
from audit.models import SecurityEvent
from lib import links, place, site, user_agent
from messaging import content

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def verify(message: Message) -> Content:
    """To the new address."""
    token = links.token_for("email_verify", message.details["change"])
    link = site.absolute(reverse("accounts:email:verify", args=[token]))
    return content.from_templates(message, {"link": link, "hours": int(LIFETIME.total_seconds() // 3600)})


def known(message: Message) -> Content:
    """To the owner of an address that has an account already."""
    return content.from_templates(message, {"sign_in_link": site.absolute(reverse("accounts:login:sign_in"))})


def stop(message: Message) -> Content:
    """To the old address, before anything has changed."""
    return content.alert(message, {**_facts(message), "hours": int(LIFETIME.total_seconds() // 3600)})


def changed(message: Message) -> Content:
    """To the old address, when the new one is confirmed."""
    return content.alert(message, {**_facts(message), "days": UNDO_LIFETIME.days})


def restored(message: Message) -> Content:
    """To the address that was taken off the account again."""
    return content.from_templates(message, {})


def _facts(message: Message) -> dict[str, object]:
    """Who asked, as far as a browser tells, and the link that stops it."""
    change = EmailChange.objects.select_related("user").get(pk=message.details["change"])
    event = SecurityEvent.objects.get(pk=message.details["event"])
    token = links.token_for("email_stop", change.pk)
    return {
        "new_email": change.new_email,
        "when": event.created_at.astimezone(change.user.zone),
        "browser": user_agent.describe(event.user_agent),
        "place": place.approximate_place(event.ip),
        "link": site.absolute(reverse("accounts:email:stop", args=[token])),
    }

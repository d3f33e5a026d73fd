"""Mails about passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from accounts.password.models import LIFETIME, PasswordReset
from audit.messages import told_events
from lib import links, site
from messaging import content

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def reset(message: Message) -> Content:
    """The link is made here, in the worker: neither the outbox nor the queue ever holds it."""
    user = PasswordReset.objects.select_related("user").get(pk=message.details["reset"]).user
    token = links.token_for("password_reset", message.details["reset"])
    context = {
        "link": site.absolute(reverse("accounts:password:reset", args=[token])),
        "minutes": int(LIFETIME.total_seconds() // 60),
        "locked_at": user.locked_at and user.locked_at.astimezone(user.zone),
        "has_second_step": bool(user.protection),
    }
    return content.from_templates(message, context)


def known(message: Message) -> Content:
    """Something that shows that somebody else knows the password: there is one thing to do about it."""
    return content.alert(message, told_events(message) | {"link": site.absolute(reverse("accounts:password:change"))})

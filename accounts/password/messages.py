"""Mails about passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from accounts.password.models import LIFETIME
from lib import links, site
from messaging import content

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def reset(message: Message) -> Content:
    """The link is made here, in the worker: neither the outbox nor the queue ever holds it."""
    token = links.token_for("password_reset", message.details["reset"])
    link = site.absolute(reverse("accounts:password:reset", args=[token]))
    return content.from_templates(message, {"link": link, "minutes": int(LIFETIME.total_seconds() // 60)})

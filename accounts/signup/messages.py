"""Mails of signing up. Links are made here, in the worker: neither the outbox nor the queue ever holds one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from accounts.signup.models import INVITATION_LIFETIME, LIFETIME
from lib import links, site
from messaging import content

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def verify(message: Message) -> Content:
    token = links.token_for("sign_up", message.details["sign_up"])
    link = site.absolute(reverse("accounts:signup:verify", args=[token]))
    return content.from_templates(message, {"link": link, "hours": int(LIFETIME.total_seconds() // 3600)})


def known(message: Message) -> Content:
    context = {
        "sign_in_link": site.absolute(reverse("accounts:login:sign_in")),
        "reset_link": site.absolute(reverse("accounts:password:forgot")),
    }
    return content.from_templates(message, context)


def invitation(message: Message) -> Content:
    token = links.token_for("invitation", message.details["invitation"])
    link = site.absolute(reverse("accounts:signup:sign_up") + f"?invitation={token}")
    return content.from_templates(message, {"link": link, "days": INVITATION_LIFETIME.days})


def welcome(message: Message) -> Content:
    if message.user is None:
        raise LookupError("a welcome to nobody")
    link = site.absolute(reverse("twofactor:devices:overview"))
    return content.from_templates(message, {"login_id": message.user.login_id, "link": link})

"""Mails about sign-ins."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

from django.urls import reverse

from accounts.login.models import LoginAttempt
from audit.models import SecurityEvent
from lib import place, site, user_agent
from messaging import content

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.user.models import User
    from lib.origin import Origin
    from messaging.content import Content
    from messaging.models import Message


def new_sign_in(message: Message) -> Content:
    event = SecurityEvent.objects.select_related("user").get(pk=message.details["event"])
    sign_in = _described(event.origin, event.created_at, event.user)
    return content.from_templates(message, {"sign_in": sign_in, "link": _change_password()})


def half_finished(message: Message) -> Content:
    """Several of them in one mail, the newest first; count says how many there were in all."""
    ids = str(message.details["attempts"]).split(",")
    attempts = LoginAttempt.objects.filter(pk__in=ids).select_related("user").order_by("-started_at")
    sign_ins = [_described(attempt.origin, attempt.started_at, attempt.user) for attempt in attempts]
    more = int(message.details["count"]) - len(sign_ins)
    return content.from_templates(message, {"sign_ins": sign_ins, "more": more, "link": _change_password()})


def _described(origin: Origin, when: datetime, user: User | None) -> dict[str, object]:
    return {
        "when": when.astimezone(zoneinfo.ZoneInfo(user.time_zone)) if user else when,
        "browser": user_agent.describe(origin.user_agent),
        "place": place.approximate_place(origin.ip),
    }


def _change_password() -> str:
    return site.absolute(reverse("accounts:password:change"))

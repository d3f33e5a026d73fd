"""Mails about sign-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.login.models import LoginAttempt
from audit.messages import sighting
from audit.models import SecurityEvent
from lib import place, user_agent
from messaging import content
from messaging.digest import ids_in, told_of

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def new_sign_in(message: Message) -> Content:
    """One, or those that came within an hour, the newest first."""
    wanted, more = told_of(message)
    events = SecurityEvent.objects.filter(pk__in=wanted).select_related("user").order_by("-seq")
    sightings = [sighting(event) for event in events]
    return content.alert(message, {"sightings": sightings, "more": more})


def half_finished(message: Message) -> Content:
    """Several of them in one mail, the newest first; count says how many there were in all."""
    ids = ids_in(message.details["attempts"])
    attempts = LoginAttempt.objects.filter(pk__in=ids).select_related("user").order_by("-started_at")
    sightings = [_sighting(attempt) for attempt in attempts]
    return content.alert(message, {"sightings": sightings, "more": int(message.details["count"]) - len(sightings)})


def _sighting(attempt: LoginAttempt) -> dict[str, object]:
    return {
        "when": attempt.started_at.astimezone(attempt.user.zone),
        "browser": user_agent.describe(attempt.user_agent),
        "place": place.approximate_place(attempt.ip),
    }

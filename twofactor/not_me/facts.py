"""What an alert was about, for the page that its link opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounts.email.models import EmailChange
from accounts.login.models import LoginAttempt
from audit import events
from audit.models import SecurityEvent
from lib import place, user_agent
from messaging.digest import ids_in, told_of
from twofactor.devices.models import MethodChange
from twofactor.devices.rollback import plan_of

if TYPE_CHECKING:
    from datetime import datetime

    from audit.events import Event
    from lib.origin import Origin
    from twofactor.devices.rollback import Plan
    from twofactor.not_me.models import NotMe


@dataclass(frozen=True)
class Sighting:
    """Something that happened, and where it came from, in words."""

    words: str
    when: datetime
    browser: str
    place: str  # approximate, "" when unknown


def told_by(link: NotMe) -> list[Sighting]:
    """What the mail of the link was about, newest first."""
    details = link.message.details
    if "attempts" in details:
        attempts = LoginAttempt.objects.filter(pk__in=ids_in(details["attempts"]), user=link.user)
        return [_of_attempt(attempt) for attempt in attempts.order_by("-started_at")]
    wanted, _more = told_of(link.message)
    found = SecurityEvent.objects.filter(pk__in=wanted, user=link.user).order_by("-seq")
    return [sighting_of(event) for event in found]


def sighting_of(event: SecurityEvent) -> Sighting:
    return _sighting(event.words, event.created_at, event.origin)


def change_taken_back(link: NotMe) -> EmailChange | None:
    """The change of the email that goes with the lock: the one that took the account from the link's address.

    Whatever the mail was about. Else the way out would be mailed to whoever has the new address.
    """
    to = link.message.recipient_email
    stoppable = EmailChange.objects.stoppable().filter(user_id=link.user_id, old_email=to)
    return stoppable.order_by("pk").first()


def plan_behind(change: MethodChange | None) -> Plan | None:
    """What goes with the lock for the second factors; None if nothing does."""
    return plan_of(change) if change is not None and change.is_open else None


def change_recorded_by(event: SecurityEvent) -> MethodChange | None:
    return MethodChange.objects.filter(user=event.user, event=event).select_related("enrolment").first()


def _of_attempt(attempt: LoginAttempt) -> Sighting:
    half: Event = events.HALF_FINISHED
    return _sighting(str(half.words), attempt.started_at, attempt.origin)


def _sighting(words: str, when: datetime, origin: Origin) -> Sighting:
    return Sighting(words, when, user_agent.describe(origin.user_agent), place.approximate_place(origin.ip))

"""What "Secure my account" goes through: each step says what is so, and where to change it. None of them is a must."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts.email.models import EmailChange
from accounts.sessions.models import Session
from audit import events
from audit.events import Category
from audit.models import SecurityEvent
from lib import clock
from twofactor import registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_stubs_ext import StrPromise

    from accounts.requests import SignedInRequest
    from accounts.user.models import User
    from twofactor.method import Method
    from twofactor.second_factor import SecondFactor

LATELY = timedelta(days=7)
MOST_CHANGES = 50
NEW_PASSWORD = (events.PASSWORD_CHANGED.slug, events.PASSWORD_RESET.slug)
# Where what an event tells of can be put right.
PUT_RIGHT = {
    events.EMAIL_CHANGE_ASKED.slug: "accounts:email:change",
    events.EMAIL_CHANGED.slug: "accounts:email:change",
    events.NAME_CHANGED.slug: "accounts:profile:edit",
    events.COUNTRY_CHANGED.slug: "accounts:profile:edit",
    events.ALERTS_OFF.slug: "accounts:settings:edit",
    events.METHODS_ON.slug: "twofactor:devices:disable",
    events.METHODS_OFF.slug: "twofactor:devices:add",
    events.METHOD_ADDED.slug: "twofactor:devices:overview",
    events.METHOD_REPLACED.slug: "twofactor:devices:overview",
    events.METHOD_REMOVED.slug: "twofactor:devices:add",
    events.METHOD_LOST.slug: "twofactor:devices:add",
    events.METHODS_PUT_BACK.slug: "twofactor:devices:overview",
    events.METHODS_PUT_BACK_LATER.slug: "twofactor:devices:overview",
    events.METHOD_RETURNED.slug: "twofactor:devices:overview",
    events.CODES_RENEWED.slug: "twofactor:backup_codes:renew",
}


@dataclass(frozen=True)
class Step:
    """One that another feature adds through settings.SECURE_STEPS, such as application passwords."""

    title: StrPromise
    text: StrPromise
    label: StrPromise  # of the link
    address: str


@dataclass(frozen=True)
class Change:
    """What changed lately, and where it is put right; "" when nowhere."""

    event: SecurityEvent
    address: str


def of_person(request: SignedInRequest) -> dict[str, object]:
    """Everything that the page shows."""
    user = request.user
    since = clock.now() - LATELY
    recent = SecurityEvent.objects.of(user).in_category(Category.CHANGE).filter(created_at__gt=since)
    changes = [Change(event, _put_right(event, user)) for event in recent[:MOST_CHANGES]]
    devices = _devices(user)
    return {
        "new_password": next((change.event for change in changes if change.event.slug in NEW_PASSWORD), None),
        "devices": devices,
        "is_only_one": len(devices) == 1,
        "since": since,
        "other_sessions": _others(request),
        "steps": [step for hook in _hooks() if (step := hook(user)) is not None],
        "changes": changes,
        "pending_email": EmailChange.objects.open().filter(user=user).first(),
        "days": LATELY.days,
    }


def _devices(user: User) -> list[tuple[Method, SecondFactor]]:
    methods = [method for method in registry.METHODS if not method.is_backup]
    return [(method, device) for method in methods for device in method.devices_of(user)]


def _others(request: SignedInRequest) -> int:
    live = Session.objects.live(clock.now()).filter(user=request.user)
    return live.exclude(key_digest=request.session.digest).count()


def _put_right(event: SecurityEvent, user: User) -> str:
    name = PUT_RIGHT.get(event.slug, "")
    needs_method = name in {"twofactor:devices:disable", "twofactor:backup_codes:renew"}
    return reverse(name) if name and (user.protection or not needs_method) else ""


def _hooks() -> list[Callable[[User], Step | None]]:
    return [cast("Callable[[User], Step | None]", import_string(path)) for path in settings.SECURE_STEPS]

"""A request to try a phone out. It leads to nothing: its browser has a name that no sign-in and no session has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.urls import reverse

from lib import crypto
from twofactor.challenge.asked import Asked, Purpose
from twofactor.devices.actions import kinds
from twofactor.methods.push.standing import Standing, standing_of

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from lib.origin import Origin
    from twofactor.methods.push.models import PushDevice


def asked_by_session(request: SignedInRequest, device: PushDevice) -> Asked:
    """For the page of this browser about this phone, and for no other."""
    browser = crypto.keyed_digest("push_trial", request.session.digest, device.pk)
    return _asked(device, request.origin, browser)


def asked_by_phone(device: PushDevice, origin: Origin) -> Asked:
    """By the phone itself: no page waits."""
    return _asked(device, origin, "")


@dataclass(frozen=True)
class Trial:
    """What the waiting page shows of a trial: no form, as there is nothing to collect."""

    asked: Asked
    device: PushDevice
    next_url: str

    part = "twofactor/methods/push/_trial.html"

    @cached_property
    def standing(self) -> Standing:
        return standing_of(self.asked)

    @property
    def is_on_the_way(self) -> bool:
        """Whether setting up goes on elsewhere: to the backup codes that came with a first method."""
        return any(self.next_url.startswith(reverse(kind.first_page)) for kind in kinds() if kind.is_backup)

    @property
    def send_url(self) -> str:
        return reverse("twofactor:push:trial", args=[self.device.pk])

    @property
    def events_url(self) -> str:
        return reverse("twofactor:push:trial_events", args=[self.device.pk])


def _asked(device: PushDevice, origin: Origin, browser: str) -> Asked:
    return Asked(user=device.user, purpose=Purpose.TRIAL, browser=browser, origin=origin)

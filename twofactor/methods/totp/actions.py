"""Confirming a code app, as one more or in the place of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.sudo.actions import own_sudo
from audit import events
from audit.actions import record
from twofactor.devices.actions import add, replace
from twofactor.methods.totp import setup

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from twofactor.methods.totp.models import TOTPDevice


def confirm_setup(request: SignedInRequest, *, code: str, name: str) -> str | None:
    """Store the code app if it showed the right code and return the URL name to go on to; else record the failure.

    Guessing it gains nothing: the secret is on the page. The code is spent by it, so it does not sign in as well
    (ASVS 6.5.1).
    """
    device = setup.device_of(setup.present(request), request, name=name)
    with transaction.atomic():
        if device.accepts(code):
            setup.clear(request)
            return add(device, by=own_sudo(request), request=request)
        record(events.ANSWER_WRONG, user=request.user, origin=request.origin, method=device.method_slug)
    return None


def confirm_replacement(
    request: SignedInRequest, old: TOTPDevice, *, code: str, name: str, is_lost: bool = False
) -> bool:
    """Put a code app that showed the right code in the place of the old one, in one step; else record the failure.

    False too if the old one is gone meanwhile.
    """
    device = setup.device_of(setup.present(request), request, name=name)
    with transaction.atomic():
        if device.accepts(code):
            setup.clear(request)
            return replace(old, device, by=own_sudo(request), request=request, is_lost=is_lost)
        record(events.ANSWER_WRONG, user=request.user, origin=request.origin, method=device.method_slug)
    return False

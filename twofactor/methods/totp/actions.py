"""Confirming a code app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.sudo.actions import own_sudo
from audit import events
from audit.actions import record
from twofactor.devices.actions import add
from twofactor.methods.totp import setup

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest


def confirm_setup(request: SignedInRequest, *, code: str, name: str) -> bool:
    """Store the code app if it showed the right code, else record the failure.

    Guessing it gains nothing: the secret is on the page. The code is spent by it, so it does not sign in as well
    (ASVS 6.5.1).
    """
    device = setup.device_of(setup.present(request), request, name=name)
    with transaction.atomic():
        if device.accepts(code):
            setup.clear(request)
            add(device, by=own_sudo(request), request=request)
            return True
        record(events.ANSWER_WRONG, user=request.user, origin=request.origin, method=device.method_slug)
    return False

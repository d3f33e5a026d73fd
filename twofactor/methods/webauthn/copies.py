"""A key whose counter went back: somebody may have a copy of it (WebAuthn L3 §6.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit import events
from audit.actions import record
from lib import clock

if TYPE_CHECKING:
    from lib.origin import Origin
    from twofactor.methods.webauthn.models import WebAuthnDevice


def flag(device: WebAuthnDevice, origin: Origin) -> None:
    """Let the key count no more, and tell its owner, once. Call it inside a transaction."""
    if type(device).objects.filter(pk=device.pk, flagged_at=None).update(flagged_at=clock.now()):
        record(events.KEY_COPIED, user=device.user, origin=origin, name=device.name)

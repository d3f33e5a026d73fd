"""How a person comes in: by the front door, as everybody does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import cbor2
import pyotp

from accounts.user.models import Protection
from lib import clock
from tests.bed.authenticators import BE, BS, UV, Authenticator, b64
from twofactor.methods.totp.models import TOTPDevice
from twofactor.methods.webauthn.models import WebAuthnDevice
from twofactor.methods.webauthn.options import handle_of
from twofactor.timed_codes import new_secret

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpResponse
    from django.test import Client

    from accounts.user.models import User
    from twofactor.timed_codes import TimedCodeDevice

PASSWORD = "Slow-Trams-Cross-The-Bridge-27"


def code_app(user: User, name: str = "Phone") -> TOTPDevice:
    """A code app that the person set up some time ago."""
    device = TOTPDevice(user=user, name=name, confirmed=True)
    device.secret = new_secret()
    device.save()
    user.protection = Protection.STRONG
    user.save(update_fields=["protection"])
    return device


def security_key(user: User, name: str = "Key", **told: Any) -> Authenticator:
    """A security key that the person added some time ago; returns it, to answer with."""
    key = Authenticator(user_handle=handle_of(user), **told)
    WebAuthnDevice.objects.create(
        user=user,
        name=name,
        credential_id=b64(key.credential_id),
        public_key=cbor2.dumps(key.cose_key()),
        sign_count=key.sign_count,
        user_handle=key.user_handle,
        aaguid=UUID(bytes=key.aaguid),
        transports=",".join(key.transports),
        is_discoverable=True,
        verifies_user=bool(key.flags & UV),
        backup_eligible=bool(key.flags & BE),
        backed_up=bool(key.flags & BS),
    )
    user.protection = Protection.PHISHING_RESISTANT
    user.save(update_fields=["protection"])
    return key


def totp_code(device: TimedCodeDevice, at: datetime | None = None) -> str:
    """What the app shows at that moment."""
    return pyotp.TOTP(device.secret).at(at or clock.now())


def give_password(client: Client, user: User, password: str = PASSWORD) -> HttpResponse:
    return client.post("/login/", {"login": user.email, "password": password})


def sign_in(client: Client, user: User, password: str = PASSWORD) -> HttpResponse:
    """The password, then a code if the person has a code app; returns the last answer."""
    answer = give_password(client, user, password)
    device = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    if device is None:
        return answer
    return client.post("/login/verify/totp/", {"code": totp_code(device)})

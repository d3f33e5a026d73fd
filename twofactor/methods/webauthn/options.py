"""What a browser gets to ask a key with: PublicKeyCredentialCreationOptionsJSON and …RequestOptionsJSON."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.conf import settings

from twofactor.methods.webauthn import ceremonies, challenges
from twofactor.methods.webauthn.credentials import to_base64url
from twofactor.methods.webauthn.models import PasskeyHandle, WebAuthnDevice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.user.models import User
    from twofactor.methods.webauthn.challenges import Question

Options = dict[str, Any]

TIMEOUT = int(challenges.LIFETIME.total_seconds() * 1000)
HINT_OF = {"internal": "client-device", "hybrid": "hybrid"}
SECURITY_KEY = "security-key"


def to_add(question: Question, user: User) -> Options:
    """Ask for a new key, one that is not on the account yet."""
    present = list(WebAuthnDevice.objects.filter(user=user).order_by("pk"))
    return {
        "challenge": challenges.ask(question),
        "rp": {"id": settings.PASSKEY_RP_ID, "name": settings.PRODUCT_NAME},
        "user": {"id": handle_of(user), "name": user.email, "displayName": user.name},
        "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in ceremonies.ALGORITHMS],
        "timeout": TIMEOUT,
        "excludeCredentials": _descriptors(present),
        "authenticatorSelection": {
            "residentKey": "preferred",
            "requireResidentKey": False,
            "userVerification": "preferred",
        },
        "hints": _hints_to_add(present),
        "attestation": "none",
        "extensions": {"credProps": True},
    }


def to_answer(question: Question, devices: Iterable[WebAuthnDevice]) -> Options:
    """Ask one of these keys; if none is named, any that knows whose it is, and then it must verify them (WA-07)."""
    allowed = list(devices)
    return {
        "challenge": challenges.ask(question),
        "rpId": settings.PASSKEY_RP_ID,
        "timeout": TIMEOUT,
        "allowCredentials": _descriptors(allowed),
        "userVerification": "required" if question.user is None else "preferred",
        "hints": _hints_to_answer(allowed),
    }


def to_signal(user: User) -> Options | None:
    """Which keys browsers are to keep, and what their owner is called now; None if no key was ever asked for.

    A removed one is among them for as long as it can be put back: what a browser has deleted cannot be.
    """
    known = PasskeyHandle.objects.filter(user=user).first()
    if known is None:
        return None
    keys = WebAuthnDevice.everything.filter(user=user, confirmed=True).order_by("pk")
    return {
        "rpId": settings.PASSKEY_RP_ID,
        "userId": known.handle,
        "allAcceptedCredentialIds": list(dict.fromkeys(keys.values_list("credential_id", flat=True))),
        "name": user.email,
        "displayName": user.name,
    }


def handle_of(user: User) -> str:
    """What the person's keys know them as, made when it is first needed."""
    fresh = {"handle": to_base64url(secrets.token_bytes(64))}
    return PasskeyHandle.objects.get_or_create(user=user, defaults=fresh)[0].handle


def _descriptors(devices: Iterable[WebAuthnDevice]) -> list[Options]:
    return [
        {"type": "public-key", "id": device.credential_id, "transports": device.transport_list} for device in devices
    ]


def _hints_to_add(present: list[WebAuthnDevice]) -> list[str]:
    """After a key of this device, one to keep elsewhere; else what is at hand."""
    kinds = ["client-device", SECURITY_KEY, "hybrid"]
    return [SECURITY_KEY, "hybrid", "client-device"] if present else kinds


def _hints_to_answer(devices: list[WebAuthnDevice]) -> list[str]:
    """The kinds of the person's keys, the one used last first."""
    by_use = sorted(devices, key=lambda device: device.last_used_at or device.created_at, reverse=True)
    kinds = [HINT_OF.get(transport, SECURITY_KEY) for device in by_use for transport in device.transport_list[::-1]]
    return list(dict.fromkeys(kinds))

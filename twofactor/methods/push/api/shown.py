"""What phones are told. Column by column, so that nothing slips in."""

from __future__ import annotations

from datetime import timedelta
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from django.conf import settings

from lib import clock
from messaging import vapid
from twofactor.devices.owned import kinds
from twofactor.methods.push import keys, signed
from twofactor.methods.push.models import Pairing, PushDevice, TurnedOffDevice
from twofactor.timed_codes import DIGITS, SECONDS_PER_STEP

if TYPE_CHECKING:
    from twofactor.methods.push.models import PushRequest

SECRET_SHOWN_FOR = timedelta(minutes=10)  # from linking: an answer that got lost on the way can be fetched again


def config() -> dict[str, Any]:
    return {
        "origin": settings.SITE_URL,
        "product": settings.PRODUCT_NAME,
        "number_digits": settings.PUSH_NUMBER_DIGITS,
        "vapid_public_key": vapid.public_key(),
        "server_key": keys.server_jwk(),
    }


@singledispatch
def state_of(known: object) -> dict[str, Any]:
    """A device, whatever has become of it."""
    raise TypeError(known)


@state_of.register
def _(device: PushDevice) -> dict[str, Any]:
    user = device.user
    subscription = device.subscription
    told = {
        **_common(device.thumbprint, "active"),
        "name": device.name,
        "linked_at": device.created_at.isoformat(),
        "account": {"id": user.login_id, "name": user.name, "email": user.email},
        "server_key": keys.server_jwk(),
        "subscription": "missing" if subscription is None else _subscription_state(subscription.state),
        "has_backup_codes": any(kind.has_for_app(device) for kind in kinds() if kind.is_backup),
    }
    if clock.now() < device.created_at + SECRET_SHOWN_FOR:
        told["code"] = {
            "secret": device.secret,
            "digits": DIGITS,
            "period": SECONDS_PER_STEP,
            "algorithm": "SHA-1",
        }
    return told


@state_of.register
def _(pairing: Pairing) -> dict[str, Any]:
    if pairing.is_over:
        return _common(pairing.thumbprint, "refused")
    return {
        **_common(pairing.thumbprint, "waiting"),
        "check": pairing.check_number,
        "expires_at": pairing.expires_at.isoformat(),
    }


@state_of.register
def _(device: TurnedOffDevice) -> dict[str, Any]:
    told = {**_common(device.thumbprint, "turned_off"), "turned_off_at": device.turned_off_at.isoformat()}
    return {**told, "kept_until": device.kept_until.isoformat()} if device.kept_until else told


def waiting(request: PushRequest, device: PushDevice) -> dict[str, Any]:
    """A request, and beside it the same signed, which is what counts. Never the number."""
    return {
        "id": request.pk,
        "nonce": request.nonce,
        "context": request.context,
        "expires_at": request.expires_at.isoformat(),
        "signed": signed.request_of(request, device.thumbprint),
    }


def _common(device_id: str, state: str) -> dict[str, Any]:
    return {"id": device_id, "state": state, "product": settings.PRODUCT_NAME, "origin": settings.SITE_URL}


def _subscription_state(state: str) -> str:
    return "active" if state == "active" else "renew"

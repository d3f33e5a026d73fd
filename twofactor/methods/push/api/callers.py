"""Who calls: found by the key that signed, and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lib import limits
from twofactor.methods.push import signed
from twofactor.methods.push.api.bodies import raw_body
from twofactor.methods.push.api.problems import Problem
from twofactor.methods.push.models import Pairing, PushDevice, TurnedOffDevice
from twofactor.methods.push.signed import Call, Denied

if TYPE_CHECKING:
    from accounts.requests import Request

CALLS = limits.Limit(name="push.calls", times=120, period=timedelta(minutes=1))
REFUSED = limits.Limit(name="push.refused", times=300, period=timedelta(minutes=10))

Known = PushDevice | Pairing | TurnedOffDevice


@dataclass(frozen=True)
class Caller:
    """A phone that the portal knows, linked or not, and what it has signed."""

    known: Known
    claims: dict[str, Any]


def caller_of(request: Request, device_id: str | None = None) -> Caller:
    """Raises Denied when the signature does not count, Problem when the address names another device."""
    try:
        known = _known(signed.key_id(_authorization(request)))
        claims = signed_by(request, known.public_key)
    except Denied:
        limits.reserve(REFUSED, request.origin.network)
        raise
    limits.reserve(CALLS, known.thumbprint)
    if device_id is not None and device_id != known.thumbprint:
        raise Problem(404, "not_found")
    return Caller(known, claims)


def device_of(request: Request, device_id: str | None = None) -> tuple[PushDevice, dict[str, Any]]:
    """The linked phone that calls. One that was turned off, or is not confirmed yet, is as good as unknown."""
    caller = caller_of(request, device_id)
    if not isinstance(caller.known, PushDevice):
        raise Denied
    return caller.known, caller.claims


def signed_by(request: Request, jwk: dict[str, str]) -> dict[str, Any]:
    """What this key has signed about the request at hand. Raises Denied."""
    call = Call(str(request.method), request.path, raw_body(request))
    return signed.claims_of(_authorization(request), jwk, call)


def _authorization(request: Request) -> str:
    return str(request.headers.get("Authorization", ""))


def _known(thumbprint: str) -> Known:
    linked = PushDevice.objects.select_related("user", "subscription").filter(
        thumbprint=thumbprint, confirmed=True, user__is_active=True
    )
    found: Known | None = (
        linked.first()
        or _removed(thumbprint)
        or Pairing.objects.filter(thumbprint=thumbprint).exclude(state=Pairing.State.LINKED).first()
        or TurnedOffDevice.objects.filter(thumbprint=thumbprint).first()
    )
    if found is None:
        raise Denied
    return found


def _removed(thumbprint: str) -> TurnedOffDevice | None:
    """A phone that can still be put back. It is no PushDevice here, so that no call can take it for one."""
    sealed = PushDevice.everything.filter(thumbprint=thumbprint, user__is_active=True).exclude(removed_by=None)
    device = sealed.select_related("removed_by").first()
    return TurnedOffDevice.of(device, device.removed_by) if device is not None else None

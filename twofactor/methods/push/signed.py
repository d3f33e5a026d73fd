"""Signed calls of phones, and what the portal signs for them (docs/authenticator-protocol.md)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
from django.conf import settings
from django.db import IntegrityError, transaction

from lib import clock, crypto, strict_json
from twofactor.methods.push import keys
from twofactor.methods.push.models import SpentCall

if TYPE_CHECKING:
    from twofactor.methods.push.models import PushRequest

SCHEME = "JWS "
LONGEST = 4096
TOLERANCE = timedelta(seconds=90)
REMEMBERED = 2 * TOLERANCE  # as long as any call's time can be right
THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
JTI = re.compile(r"[A-Za-z0-9_-]{22,64}")
HEADER_PARAMETERS = {"alg", "kid", "typ"}
REQUEST_TYPE = "sallyport-request"
COMPACT = jwt.PyJWS()


class Denied(Exception):
    """The signature does not count. Nobody is told why: each reason would help to find the next mistake."""


@dataclass(frozen=True)
class Call:
    """One HTTP request, as far as its signature covers it."""

    method: str
    path: str
    body: bytes


def key_id(authorization: str) -> str:
    """The device that claims to call. Raises Denied for what is not of our form."""
    header = _header_of(_compact(authorization))
    kid = header.get("kid")
    if not isinstance(kid, str) or THUMBPRINT.fullmatch(kid) is None or header.get("alg") != "ES256":
        raise Denied
    if not set(header) <= HEADER_PARAMETERS:  # crit, jku, jwk, x5u: nothing in a call says how to judge it
        raise Denied
    return kid


def claims_of(authorization: str, jwk: dict[str, str], call: Call) -> dict[str, Any]:
    """What the device has signed about this very call, which is spent by it. Raises Denied."""
    try:
        payload = COMPACT.decode(_compact(authorization), keys.public_key(jwk), algorithms=["ES256"])
        claims = strict_json.read_object(payload)
    except (jwt.PyJWTError, keys.NotAKey, ValueError):
        raise Denied from None
    if not _is_about(claims, call) or not _is_timely(claims):
        raise Denied
    _spend(keys.thumbprint(jwk), claims["jti"])
    return claims


def request_of(request: PushRequest, device_id: str) -> str:
    """The request as a device shows it, signed: a push that somebody else sent cannot invent one."""
    payload = request_payload(request, device_id)
    headers = {"kid": keys.server_jwk()["kid"], "typ": REQUEST_TYPE}
    return COMPACT.encode(payload, keys.server_key(), algorithm="ES256", headers=headers)


def request_digest(request: PushRequest, device_id: str) -> str:
    """What a decision names to say what was shown."""
    return keys.sha256(keys.as_text(request_payload(request, device_id)).encode())


def request_payload(request: PushRequest, device_id: str) -> bytes:
    """Always the same bytes for the same request and device."""
    told = {
        "v": 1,
        "iss": settings.SITE_URL,
        "aud": device_id,
        "id": request.pk,
        "nonce": request.nonce,
        "context": request.context,
        "expires_at": request.expires_at.isoformat(),
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def _compact(authorization: str) -> str:
    if not authorization.startswith(SCHEME) or len(authorization) > LONGEST or authorization.count(".") != 2:
        raise Denied
    compact = authorization[len(SCHEME) :]
    try:
        for part in compact.split("."):
            keys.as_bytes(part)
    except ValueError:
        raise Denied from None
    return compact


def _header_of(compact: str) -> dict[str, Any]:
    try:
        return strict_json.read_object(keys.as_bytes(compact.partition(".")[0]))
    except ValueError:
        raise Denied from None


def _is_about(claims: dict[str, Any], call: Call) -> bool:
    """Whether it was signed for this portal, this address and this body."""
    about = {
        "aud": settings.SITE_URL,
        "method": call.method,
        "path": call.path,
        "body_sha256": keys.sha256(call.body),
    }
    return all(claims.get(name) == value for name, value in about.items())


def _is_timely(claims: dict[str, Any]) -> bool:
    at, jti = claims.get("iat"), claims.get("jti")
    if type(at) is not int or not isinstance(jti, str) or JTI.fullmatch(jti) is None:
        return False
    earliest, latest = (clock.now() + margin for margin in (-TOLERANCE, TOLERANCE))
    return earliest.timestamp() <= at <= latest.timestamp()


def _spend(device_id: str, jti: str) -> None:
    """The row's key is what it was made of: of two equal calls at the same instant one gets it in."""
    try:
        with transaction.atomic():
            SpentCall.objects.create(digest=crypto.keyed_digest("push_call", device_id, jti))
    except IntegrityError:
        raise Denied from None

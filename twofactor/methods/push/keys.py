"""Keys on P-256: the portal's own, and those of phones."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from lib import crypto

MEMBERS = {"kty", "crv", "x", "y"}
COORDINATE_BYTES = 32
POINT_BYTES = 1 + 2 * COORDINATE_BYTES
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class NotAKey(Exception):
    """It is not a point of P-256 in the form that we take."""


def as_text(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def as_bytes(text: str) -> bytes:
    """Its one spelling only: two texts of the same bytes would be two ids of the same key. Raises ValueError."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if as_text(raw) != text:
        raise ValueError("not the canonical form")
    return raw


def sha256(raw: bytes) -> str:
    return as_text(hashlib.sha256(raw).digest())


def public_key(jwk: Any) -> ec.EllipticCurvePublicKey:
    """Raises NotAKey for anything but a public JWK of a point on the curve."""
    try:
        if set(jwk) != MEMBERS or (jwk["kty"], jwk["crv"]) != ("EC", "P-256"):
            raise NotAKey
        x, y = as_bytes(jwk["x"]), as_bytes(jwk["y"])
        if (len(x), len(y)) != (COORDINATE_BYTES, COORDINATE_BYTES):
            raise NotAKey
        numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
        return numbers.public_key()
    except (TypeError, ValueError, binascii.Error):
        raise NotAKey from None


def is_point(raw: bytes) -> bool:
    """Whether it is an uncompressed point of the curve (SEC 1 §2.3.3)."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError:
        return False
    return len(raw) == POINT_BYTES


def thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638: what a device is called."""
    return sha256(json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode())


@cache
def server_key() -> ec.EllipticCurvePrivateKey:
    """What requests are signed with. Made from the root of digests: phones keep it, so no rotation may change it."""
    raw = crypto.keyed_digest("push_server_key", 1) + crypto.keyed_digest("push_server_key", 2)
    return ec.derive_private_key(int(raw, 16) % (P256_ORDER - 1) + 1, ec.SECP256R1())


@cache
def server_jwk() -> dict[str, str]:
    """Its public half, with its thumbprint as kid."""
    numbers = server_key().public_key().public_numbers()
    x, y = (as_text(number.to_bytes(COORDINATE_BYTES, "big")) for number in (numbers.x, numbers.y))
    jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    return {**jwk, "kid": thumbprint(jwk)}

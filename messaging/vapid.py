"""Who sends a push: the portal's own key, which a push service ties a subscription to (RFC 8292)."""

from __future__ import annotations

import base64
from datetime import timedelta
from functools import cache

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from lib import clock

LIFETIME = timedelta(hours=12)  # of a signature; RFC 8292 §2 allows 24


def authorization(audience: str) -> str:
    """The header for a push service; audience is its origin."""
    claims = {
        "aud": audience,
        "exp": int((clock.now() + LIFETIME).timestamp()),
        "sub": settings.VAPID_SUBJECT,
    }
    token = jwt.encode(claims, _private_key(settings.VAPID_PRIVATE_KEY), algorithm="ES256")
    return f"vapid t={token}, k={public_key()}"


def public_key() -> str:
    """As browsers want it for a subscription: an uncompressed point, base64url."""
    point = _private_key(settings.VAPID_PRIVATE_KEY).public_key()
    return as_text(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def as_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@cache
def _private_key(text: str) -> ec.EllipticCurvePrivateKey:
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())

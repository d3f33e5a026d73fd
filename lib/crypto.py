"""Secrets at rest: AES-256-GCM under a ring of keys, and keyed digests."""

import base64
import binascii
import hashlib
import hmac
import secrets
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.crypto import constant_time_compare

from lib.models import DigestRoot
from lib.sealed_field import SealedField

NONCE_BYTES = 12  # NIST SP 800-38D §8.2.2: 96 random bits, good for 2**32 messages a key


class CannotUnseal(Exception):
    """The text was sealed for another row or purpose, was changed, or its key is not in the ring."""


def seal(text: str, *, purpose: str, bound_to: str) -> str:
    """Encrypt a text so that it opens only for the same purpose and the same owner.

    bound_to names the row (table, column, row, user). It is authenticated, not stored: a ciphertext copied to
    another row does not open there.
    """
    kid, key = active_key()
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(_subkey(key, purpose)).encrypt(nonce, text.encode(), _associated(kid, purpose, bound_to))
    return f"v1.{kid}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def unseal(sealed: str, *, purpose: str, bound_to: str) -> str:
    """Decrypt what seal() made. Raises CannotUnseal."""
    try:
        version, kid, encoded = sealed.split(".")
        raw = base64.urlsafe_b64decode(encoded)
        key = key_ring()[kid]
    except (ValueError, KeyError, binascii.Error):
        raise CannotUnseal from None
    if version != "v1":
        raise CannotUnseal
    try:
        text = AESGCM(_subkey(key, purpose)).decrypt(
            raw[:NONCE_BYTES], raw[NONCE_BYTES:], _associated(kid, purpose, bound_to)
        )
    except (InvalidTag, ValueError):
        raise CannotUnseal from None
    return text.decode()


def seal_field(field: SealedField, row: object, text: str) -> str:
    """Encrypt a text for a column of a row."""
    return seal(text, purpose=field.purpose, bound_to=field.bound_to(row))


def unseal_field(field: SealedField, row: object) -> str:
    """Decrypt what a column of a row holds. Raises CannotUnseal."""
    return unseal(getattr(row, field.name), purpose=field.purpose, bound_to=field.bound_to(row))


def keyed_digest(purpose: str, *parts: object) -> str:
    """HMAC-SHA-256 over the parts, as hex: for look-ups by a secret that the database must not hold.

    The same before and after a rotation of keys (docs/decisions/0015-rotating-keys.md).
    """
    return _hmac(_digest_root(settings.PORTAL_KEYS), purpose, parts)


def signature(purpose: str, *parts: object) -> str:
    """HMAC-SHA-256 under the active key, as hex: for what leaves the building and must not outlive its key."""
    return _hmac(active_key()[1], purpose, parts)


def is_signature(text: str, purpose: str, *parts: object) -> bool:
    """Whether any key of the ring made this signature."""
    verdicts = [constant_time_compare(text, _hmac(key, purpose, parts)) for key in key_ring().values()]
    return True in verdicts  # each was compared, whichever is right


def first_digest_root() -> bytes:
    """The root of digests as it is before any rotation: from the oldest key of the ring."""
    return _subkey(list(key_ring().values())[-1], "digest_root")


def key_id(sealed: str) -> str:
    """The id of the key that a sealed text is under."""
    return sealed.split(".")[1] if sealed.count(".") == 2 else "?"


def active_key() -> tuple[str, bytes]:
    return next(iter(key_ring().items()))


def key_ring() -> dict[str, bytes]:
    """Key ids and keys of PORTAL_KEYS; the first is the one that seals."""
    return _parse(settings.PORTAL_KEYS)


@cache
def _parse(portal_keys: str) -> dict[str, bytes]:
    entries = (entry.strip().partition(":") for entry in portal_keys.split(","))
    return {kid: base64.b64decode(encoded) for kid, _colon, encoded in entries}


@cache
def _digest_root(_portal_keys: str) -> bytes:
    """The root that was kept, else the one that would be: read once in a process. Raises CannotUnseal."""
    kept = DigestRoot.objects.first()
    return base64.b64decode(unseal_field(DigestRoot.sealed_fields[0], kept)) if kept else first_digest_root()


def _hmac(key: bytes, purpose: str, parts: tuple[object, ...]) -> str:
    message = "\x1f".join(str(part) for part in parts).encode()
    return hmac.new(_subkey(key, purpose), message, hashlib.sha256).hexdigest()


@cache
def _subkey(key: bytes, purpose: str) -> bytes:
    """A key for this purpose only (RFC 5869), so that no two uses share one."""
    return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(key)


def _associated(kid: str, purpose: str, bound_to: str) -> bytes:
    return f"v1|{kid}|{purpose}|{bound_to}".encode()

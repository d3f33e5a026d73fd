"""What a browser sends (PublicKeyCredential.toJSON()), read strictly: whatever is odd is unreadable."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lib import strict_json
from twofactor.methods.webauthn.problems import Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

LONGEST = 32 * 1024  # of all of it
LONGEST_ID = 1023  # bytes (WebAuthn L3 §7.1, step 25)
TRANSPORTS = ("usb", "nfc", "ble", "smart-card", "hybrid", "internal")


@dataclass(frozen=True)
class ClientData:
    """What the browser says of the page that asked (§5.8.1)."""

    raw: bytes  # what was signed
    challenge: str
    is_embedded: bool  # in somebody else's page


@dataclass(frozen=True)
class NewCredential:
    """The answer of a key that is being added."""

    id: str
    client_data: ClientData
    attestation_object: bytes
    transports: tuple[str, ...]
    is_discoverable: bool | None


@dataclass(frozen=True)
class SignedCredential:
    """The answer of a key to a question."""

    id: str
    client_data: ClientData
    authenticator_data: bytes
    signature: bytes
    user_handle: str | None


def read_new(text: str) -> NewCredential:
    """Raises Refused."""
    outer, response = _parts(text)
    extensions = _field(outer, "clientExtensionResults", dict, {})
    is_discoverable = _field(_field(extensions, "credProps", dict, {}), "rk", bool, None)
    told = _field(response, "transports", list, [])
    return NewCredential(
        id=outer["id"],
        client_data=_client_data(response),
        attestation_object=_bytes(response, "attestationObject"),
        transports=tuple(transport for transport in TRANSPORTS if transport in told),
        is_discoverable=is_discoverable,
    )


def read_signed(text: str) -> SignedCredential:
    """Raises Refused."""
    outer, response = _parts(text)
    user_handle = _field(response, "userHandle", str, None) or None
    return SignedCredential(
        id=outer["id"],
        client_data=_client_data(response),
        authenticator_data=_bytes(response, "authenticatorData"),
        signature=_bytes(response, "signature"),
        user_handle=user_handle,
    )


def from_base64url(text: str) -> bytes:
    """Only the one way to write them: no padding, no other letters, no stray bits. Raises Refused."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        _unreadable()
    if to_base64url(raw) != text:
        _unreadable()
    return raw


def to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _parts(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The outer object, whose id is checked, and its response."""
    outer = _object(text)
    key_id = from_base64url(_field(outer, "id", str))
    if not 0 < len(key_id) <= LONGEST_ID or outer.get("rawId") != outer["id"] or outer.get("type") != "public-key":
        _unreadable()
    return outer, _field(outer, "response", dict)


def _client_data(response: Mapping[str, Any]) -> ClientData:
    raw = _bytes(response, "clientDataJSON")
    told = _object(raw)
    is_embedded = _field(told, "crossOrigin", bool, default=False) or "topOrigin" in told
    return ClientData(raw=raw, challenge=_field(told, "challenge", str), is_embedded=is_embedded)


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        return strict_json.read_object(text)
    except ValueError:
        _unreadable()


REQUIRED = object()


def _field(found: Mapping[str, Any], name: str, kind: type, default: Any = REQUIRED) -> Any:
    """A field of that type; null is as good as none."""
    value = found.get(name)
    if value is None and default is not REQUIRED:
        return default
    if not isinstance(value, kind):
        _unreadable()
    return value


def _bytes(found: Mapping[str, Any], name: str) -> bytes:
    return from_base64url(_field(found, name, str))


def _unreadable() -> NoReturn:
    raise Refused(Problem.UNREADABLE)

"""A small client of the authenticator's protocol (docs/authenticator-protocol.md): what the app on a phone does.

It needs nothing of the portal's code. transport is how a request is sent: tests use Django's client or real HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from collections.abc import Callable

API = "/api/authenticator/v1/"


class Reply(NamedTuple):
    """An answer: its status, and its JSON."""

    status: int
    body: dict[str, Any]


Transport = "Callable[[str, str, bytes, dict[str, str]], Reply]"


def as_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def as_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def as_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def digest(raw: bytes) -> str:
    return as_text(hashlib.sha256(raw).digest())


def raw_signature(key: ec.EllipticCurvePrivateKey, signed: bytes) -> bytes:
    """R and s, 32 bytes each, as WebCrypto makes them."""
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def compact(key: ec.EllipticCurvePrivateKey, header: dict[str, Any], payload: bytes) -> str:
    """A JWS (RFC 7515 §7.1)."""
    signed = f"{as_text(as_json(header))}.{as_text(payload)}"
    return f"{signed}.{as_text(raw_signature(key, signed.encode()))}"


def jwk_of(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    x, y = (as_text(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


@dataclass
class Phone:
    """One account on one phone: a key, what the portal said when it was linked, and the portal's clock."""

    transport: Callable[[str, str, bytes, dict[str, str]], Reply]
    origin: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    ahead: float = 0.0  # seconds by which the portal's clock is ahead of ours
    clock: Callable[[], float] = time.time
    server_key: dict[str, str] = field(default_factory=dict)
    secret: str = ""

    # ── The calls ──
    def link(self, name: str = "Pixel 8", subscription: object = None, **pairing: str) -> Reply:
        """With pairing="…" by what a computer shows, else by the session that the transport brings."""
        body = {"key": self.jwk, "name": name, "subscription": subscription, **pairing}
        return self._kept(self.call("POST", "devices", body))

    def state(self) -> Reply:
        return self._kept(self.call("GET", f"devices/{self.id}"))

    def subscribe(self, subscription: object) -> Reply:
        return self.call("PUT", f"devices/{self.id}/subscription", {"subscription": subscription})

    def backup_codes(self) -> Reply:
        return self.call("POST", f"devices/{self.id}/backup-codes")

    def try_out(self) -> Reply:
        return self.call("POST", f"devices/{self.id}/trial")

    def pending(self) -> list[dict[str, Any]]:
        """What waits, as the portal has signed it; beside it the digest that an answer must name."""
        return [self.verified(one["signed"]) for one in self.call("POST", "requests/pending").body["requests"]]

    def yes(self, request: dict[str, Any], number: str) -> Reply:
        return self.decide(request, {"decision": "yes", "number": number})

    def no(self, request: dict[str, Any], reason: str = "") -> Reply:
        return self.decide(request, {"decision": "no", **({"reason": reason} if reason else {})})

    def decide(self, request: dict[str, Any], body: dict[str, Any], **claims: Any) -> Reply:
        told = {"nonce": request["nonce"], "request_sha256": request["digest"], **claims}
        return self.call("POST", f"requests/{request['id']}/decision", body, **told)

    # ── Signing ──
    @property
    def jwk(self) -> dict[str, str]:
        return jwk_of(self.key.public_key())

    @property
    def id(self) -> str:
        """The thumbprint of the key (RFC 7638)."""
        return digest(json.dumps(self.jwk, sort_keys=True, separators=(",", ":")).encode())

    def call(self, method: str, name: str, body: object = None, **claims: Any) -> Reply:
        """Sign and send; after a refusal set the clock by the answer and try once more."""
        reply = self._send(method, API + name, body, claims)
        return self._send(method, API + name, body, claims) if reply.status == 401 else reply

    def authorization(self, method: str, path: str, raw: bytes, **claims: Any) -> str:
        told = {
            "aud": self.origin,
            "jti": as_text(secrets.token_bytes(16)),
            "iat": int(self.clock() + self.ahead),
            "method": method,
            "path": path,
            "body_sha256": digest(raw),
            **claims,
        }
        return f"JWS {compact(self.key, {'alg': 'ES256', 'kid': self.id}, as_json(told))}"

    def verified(self, signed: str) -> dict[str, Any]:
        """The payload, if the key that we have kept signed it for us. Raises InvalidSignature or ValueError."""
        header, payload, signature = signed.split(".")
        told_header, told = json.loads(as_bytes(header)), json.loads(as_bytes(payload))
        r, s = as_bytes(signature)[:32], as_bytes(signature)[32:]
        der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
        self._server_point().verify(der, f"{header}.{payload}".encode(), ec.ECDSA(SHA256()))
        about = (told_header["alg"], told_header["typ"], told["v"], told["iss"], told["aud"])
        if about != ("ES256", "sallyport-request", 1, self.origin, self.id):
            raise ValueError("signed for somebody else, or for something else")
        return {**told, "digest": digest(payload.encode())}

    # ── Offline ──
    def code(self) -> str:
        """The six digits of now (RFC 6238), by the portal's clock."""
        step = int(self.clock() + self.ahead) // 30
        mac = hmac.new(base64.b32decode(self.secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
        place = mac[-1] & 15
        return f"{int.from_bytes(mac[place : place + 4], 'big') % 2**31 % 10**6:06d}"

    def _send(self, method: str, path: str, body: object, claims: dict[str, Any]) -> Reply:
        raw = b"" if body is None else as_json(body)
        headers = {"Authorization": self.authorization(method, path, raw, **claims)}
        reply = self.transport(method, path, raw, headers)
        if "now" in reply.body:
            self.ahead = datetime.fromisoformat(reply.body["now"]).timestamp() - self.clock()
        return reply

    def _kept(self, reply: Reply) -> Reply:
        if reply.body.get("state") == "active":
            self.server_key = self.server_key or reply.body["server_key"]
            self.secret = reply.body.get("code", {}).get("secret", self.secret)
        return reply

    def _server_point(self) -> ec.EllipticCurvePublicKey:
        x, y = (int.from_bytes(as_bytes(self.server_key[name]), "big") for name in ("x", "y"))
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()

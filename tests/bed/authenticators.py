"""A passkey in software: it signs real answers, and can be told to lie about anything (WebAuthn L3 §6)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
ES256, EDDSA, ES512, RS256 = -7, -8, -36, -257
YUBIKEY_5 = bytes.fromhex("2fc0579f811347eab116bb5a8db9202a")

Json = dict[str, Any]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Making one takes long; one is enough for all tests."""
    return rsa.generate_private_key(65537, 2048)


@dataclass
class Authenticator:
    """One credential. What it says of itself are its attributes; `client_data` and others override what it sends."""

    alg: int = ES256
    flags: int = UP | UV
    sign_count: int = 0
    counts: bool = True
    aaguid: bytes = YUBIKEY_5
    origin: str = ""
    rp_id: str = ""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: str | None = None
    transports: tuple[str, ...] = ("usb",)
    client_data: Json = field(default_factory=dict)  # put over what it would say of the page

    def __post_init__(self) -> None:
        make: dict[int, Callable[[], Any]] = {
            ES256: lambda: ec.generate_private_key(ec.SECP256R1()),
            ES512: lambda: ec.generate_private_key(ec.SECP521R1()),
            EDDSA: ed25519.Ed25519PrivateKey.generate,
            RS256: rsa_key,
        }
        self.private_key = make[self.alg]()

    # ── The two ceremonies ──
    def register(self, options: Json, **changes: Any) -> Json:
        """What navigator.credentials.create() gives for these options."""
        self.user_handle = options["user"]["id"]
        attested = {"fmt": "none", "attStmt": {}, "authData": self.attested_data(), **changes}
        response = {
            "clientDataJSON": b64(self.client_data_json("webauthn.create", options["challenge"])),
            "attestationObject": b64(cbor2.dumps(attested)),
            "transports": list(self.transports),
        }
        return {**self.outside(response), "clientExtensionResults": {"credProps": {"rk": True}}}

    def sign(self, options: Json) -> Json:
        """What navigator.credentials.get() gives for these options."""
        self.sign_count += self.counts
        client_data = self.client_data_json("webauthn.get", options["challenge"])
        data = self.authenticator_data()
        response = {
            "clientDataJSON": b64(client_data),
            "authenticatorData": b64(data),
            "signature": b64(self.signature(data + hashlib.sha256(client_data).digest())),
            "userHandle": self.user_handle,
        }
        return {**self.outside(response), "clientExtensionResults": {}}

    # ── Their parts ──
    def outside(self, response: Json) -> Json:
        key_id = b64(self.credential_id)
        return {
            "id": key_id,
            "rawId": key_id,
            "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "response": response,
        }

    def client_data_json(self, kind: str, challenge: str) -> bytes:
        origin = self.origin or settings.SITE_URL
        told = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False, **self.client_data}
        return json.dumps(told, separators=(",", ":")).encode()

    def authenticator_data(self, flags: int = 0) -> bytes:
        rp_id = self.rp_id or settings.PASSKEY_RP_ID
        hashed = hashlib.sha256(rp_id.encode()).digest()
        return hashed + bytes([self.flags | flags]) + self.sign_count.to_bytes(4, "big")

    def attested_data(self) -> bytes:
        length = len(self.credential_id).to_bytes(2, "big")
        return self.authenticator_data(AT) + self.aaguid + length + self.credential_id + cbor2.dumps(self.cose_key())

    def cose_key(self) -> dict[int, Any]:
        public = self.private_key.public_key()
        if self.alg == EDDSA:
            return {1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        if self.alg == RS256:
            return {1: 3, 3: RS256, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}
        size, curve = (32, 1) if self.alg == ES256 else (66, 3)
        return {1: 2, 3: self.alg, -1: curve, -2: numbers.x.to_bytes(size, "big"), -3: numbers.y.to_bytes(size, "big")}

    def signature(self, signed: bytes) -> bytes:
        how: dict[int, tuple[Any, ...]] = {
            EDDSA: (),
            RS256: (padding.PKCS1v15(), SHA256()),
            ES256: (ec.ECDSA(SHA256()),),
            ES512: (ec.ECDSA(SHA512()),),
        }
        signature: bytes = self.private_key.sign(signed, *how[self.alg])
        return signature


def fetch(browser: Client, url: str) -> Json:
    """The options that a page's script would get."""
    answer = browser.post(url)
    assert answer.status_code == 200, (answer.status_code, answer.headers.get("Location"))
    options: Json = answer.json()
    return options

"""A push service on this machine: it checks what real ones do, reads what the browser could, fails on demand."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Iterator


def as_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def as_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Push:
    """One message as it came in, and what the browser reads of it."""

    path: str
    headers: dict[str, str]
    claims: dict[str, Any]
    body: bytes
    plain: bytes

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.plain)
        return found


@dataclass
class PushService:
    """One browser's keys, and every message that was taken for it."""

    origin: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))
    taken: list[Push] = field(default_factory=list)
    asked: int = 0
    status: int = 201  # what it answers
    answer_headers: dict[str, str] = field(default_factory=dict)
    hangs_for: float = 0

    def subscription(self, path: str = "/push/1") -> dict[str, object]:
        """As the browser's PushSubscription.toJSON() gives it."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": as_text(point), "auth": as_text(self.auth)}
        return {"endpoint": self.origin + path, "expirationTime": None, "keys": keys}

    def judge(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Take it if the sender is who it says it is (RFC 8292) and the browser can read it (RFC 8291)."""
        self.asked += 1
        time.sleep(self.hangs_for)
        if self.status >= 300:
            return self.status
        scheme, _, rest = headers["Authorization"].partition(" ")
        given = dict(part.strip().split("=", 1) for part in rest.split(","))
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), as_bytes(given["k"]))
        claims = jwt.decode(given["t"], sender, algorithms=["ES256"], audience=self.origin)
        plain = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        assert scheme == "vapid"
        self.taken.append(Push(path, headers, claims, body, plain))
        return self.status


@contextmanager
def running() -> Iterator[PushService]:
    service = PushService()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = service.judge(self.path, dict(self.headers), body)
            self.send_response(status)
            for name, value in {"Content-Length": "0", **service.answer_headers}.items():
                self.send_header(name, value)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.origin = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()

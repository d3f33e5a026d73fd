"""The test vectors of docs/authenticator-protocol.md are right: the portal's own code takes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pyotp
import pytest
from django.conf import settings

from messaging.models import Message
from tests.bed.phone import Phone
from twofactor.methods.push import keys, messages, signed
from twofactor.methods.push.signed import Call

if TYPE_CHECKING:
    from unittest.mock import Mock

    from tests.bed.clock import TestClock

TEXT = (Path(settings.BASE_DIR) / "docs" / "authenticator-protocol.md").read_text(encoding="utf-8")
LINES = re.findall(r"^    (\S.*)$", TEXT.partition("## Test vectors")[2], re.MULTILINE)


@pytest.mark.django_db
def test_the_documented_call_is_taken(clock: TestClock, settings: Mock) -> None:
    jwk_text, _private, device_id, body, body_digest, request_digest, *parts = LINES
    jwk, compact = json.loads(jwk_text), ".".join(parts)
    settings.SITE_URL = "https://account.example.org"
    at = json.loads(keys.as_bytes(parts[1]))["iat"]
    clock.stop(clock.now().fromtimestamp(at, tz=clock.now().tzinfo))
    path = "/api/authenticator/v1/requests/abcdefghijklmnopqrstuv/decision"

    claims = signed.claims_of(f"JWS {compact}", jwk, Call("POST", path, body.encode()))

    assert keys.thumbprint(jwk) == device_id == signed.key_id(f"JWS {compact}")
    assert claims["body_sha256"] == body_digest
    assert claims["request_sha256"] == request_digest == keys.sha256(b"eyJ2IjoxfQ")


def test_the_documented_pushes_are_what_is_sent() -> None:
    documented = re.search(r"^Push messages, .*?`({.*?})`.*?`({.*?})`", TEXT, re.MULTILINE | re.DOTALL)
    assert documented is not None

    request = messages.request(Message(kind="push_request", details={"request": "abcdefghijklmnopqrstuv"}))
    alert = messages.alert(Message(kind="push_alert", details={"subscription": 1}))

    assert documented.groups() == (request.text, alert.text)


def test_the_documented_code_is_that_of_another_implementation() -> None:
    secret, code = re.search(r"secret `(\w+)` at that time \(RFC 6238\): `(\d{6})`", TEXT).groups()
    phone = Phone(lambda *_: None, "", clock=lambda: 1764110400.0, secret=secret)

    assert phone.code() == code == pyotp.TOTP(secret).at(1764110400)

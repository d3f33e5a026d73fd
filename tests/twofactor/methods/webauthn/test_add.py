"""Adding a key: what must be right about it, and whose it is (WA-01, WA-04, WA-08)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import cbor2
import pytest
from django.test import Client

from accounts.user.models import Protection, User
from audit.models import SecurityEvent
from tests.bed.authenticators import BE, BS, ED, EDDSA, ES256, ES512, RS256, UP, UV, Authenticator, b64, fetch, unb64
from tests.bed.people import give_password, security_key, sign_in
from tests.twofactor.methods.webauthn.front_door import ADD, answer, confirm, is_in, register, send
from twofactor.methods.webauthn.models import PasskeyChallenge, PasskeyHandle, WebAuthnDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from django.http import HttpResponse

    from tests.bed.authenticators import Json
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
OPTIONS = f"{ADD}options/"
YOURS = "This key is already on your account."
TAKEN = "This key can't be added to your account."
UNSUPPORTED = "Keys of this kind don't work here."


def says(response: HttpResponse, words: str) -> bool:
    return words in response.content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize("alg", [ES256, EDDSA, ES512, RS256])
def test_adding_a_first_key_turns_two_step_verification_on(alg: int, alice: User, alices: Client) -> None:
    key = Authenticator(alg=alg)

    added = register(alices, key, name="Blue key")

    assert added.headers["Location"] == "/2fa/backup-codes/"
    assert says(alices.get("/2fa/backup-codes/"), "Key added. Add a second one now and keep it somewhere safe.")
    device = WebAuthnDevice.objects.get(user=alice)
    assert device.name == "Blue key"
    assert device.key_model.name == "YubiKey 5 Series with NFC"
    assert (device.is_discoverable, device.verifies_user, device.is_device_bound) == (True, True, True)
    assert device.transport_list == ["usb"]
    assert User.objects.get(pk=alice.pk).protection == Protection.PHISHING_RESISTANT
    client = Client()
    give_password(client, alice)
    assert answer(client, key).status_code == 302


def test_a_key_without_a_name_is_called_what_it_is(alice: User, alices: Client) -> None:
    register(alices, Authenticator())
    register(alices, Authenticator(aaguid=bytes(16)))

    assert list(WebAuthnDevice.objects.filter(user=alice).order_by("pk").values_list("name", flat=True)) == [
        "YubiKey 5 Series with NFC",
        "My key",
    ]


def test_it_is_told(alices: Client, outbox: Callable[[], list[EmailMultiAlternatives]]) -> None:
    register(alices, Authenticator(), name="Blue key")
    register(alices, Authenticator(), name="Red key")

    assert [mail for mail in outbox() if "“Red key” was added" in mail.body]


def test_the_options_ask_for_what_we_want(alice: User, alices: Client) -> None:
    register(alices, Authenticator())

    options = fetch(alices, OPTIONS)

    present = WebAuthnDevice.objects.get(user=alice)
    assert options["rp"] == {"id": "localhost", "name": "Sallyport"}
    assert options["user"]["name"] == alice.email
    assert unb64(options["user"]["id"]) == unb64(present.user_handle)
    assert len(unb64(present.user_handle)) == 64
    assert [kind["alg"] for kind in options["pubKeyCredParams"]] == [ES256, EDDSA, ES512, RS256]
    assert options["excludeCredentials"] == [
        {"type": "public-key", "id": present.credential_id, "transports": ["usb"]},
    ]
    assert options["authenticatorSelection"]["residentKey"] == "preferred"
    assert options["authenticatorSelection"]["userVerification"] == "preferred"
    assert options["attestation"] == "none"
    assert options["hints"][0] == "security-key"
    assert options["timeout"] == 300_000


def test_the_handle_says_nothing_of_its_owner_and_stays(alice: User, alices: Client) -> None:
    handles = {fetch(alices, OPTIONS)["user"]["id"] for _ in range(2)}

    assert handles == {PasskeyHandle.objects.get(user=alice).handle}


# ── What is refused ──
BEFORE = {
    "the type of a sign-in": {"client_data": {"type": "webauthn.get"}},
    "another challenge": {"client_data": {"challenge": b64(b"x" * 32)}},
    "another origin": {"origin": "https://localhost:8000"},
    "another site's frame": {"client_data": {"crossOrigin": True}},
    "a top page": {"client_data": {"topOrigin": "http://localhost:8000"}},
    "another relying party": {"rp_id": "elsewhere.example"},
    "nobody present": {"flags": UV},
    "backed up, and not eligible": {"flags": UP | BS},
    "an id of 1,024 bytes": {"credential_id": b"x" * 1024},
}


@pytest.mark.parametrize("case", BEFORE)
def test_a_key_that_says_something_else_is_refused_wa_01(case: str, alice: User, alices: Client) -> None:
    key = Authenticator(**BEFORE[case])

    refused = register(alices, key)

    assert refused.status_code == 422
    assert not WebAuthnDevice.objects.exists()
    assert not User.objects.get(pk=alice.pk).protection


def cose(**changes: Any) -> Callable[[Authenticator], Any]:
    numbers = {name.removeprefix("k").replace("_", "-"): value for name, value in changes.items()}
    return lambda key: {**Authenticator.cose_key(key), **{int(name): value for name, value in numbers.items()}}


KEYS: dict[str, Callable[[Authenticator], Any]] = {
    "ES384": cose(k3=-35, k_1=2),
    "ES256 with the curve of ES512": cose(k_1=3),
    "an algorithm that is a text": cose(k3="ES256"),
    "an algorithm nobody knows": cose(k3=-99),
    "no algorithm": lambda _key: {1: 2, -1: 1, -2: b"x" * 32},
    "RSA of 512 bits": lambda _key: {1: 3, 3: RS256, -1: b"\xff" * 64, -2: b"\x01\x00\x01"},
    "RSA without a modulus": lambda _key: {1: 3, 3: RS256},
    "a point that is not on the curve": cose(k_2=b"\x01" * 32),
    "a list": lambda _key: [1, 2, 3],
    "nothing": lambda _key: {},
}


@pytest.mark.parametrize("case", KEYS)
def test_a_public_key_that_is_none_is_refused(case: str, alices: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Authenticator()
    monkeypatch.setattr(key, "cose_key", lambda: KEYS[case](key))

    assert register(alices, key).status_code == 422
    assert not WebAuthnDevice.objects.exists()


FORMATS = {
    "a format that is a number": {"fmt": 7},
    "a statement that is a list": {"fmt": "fido-u2f", "attStmt": []},
    "none, with a statement": {"attStmt": {"alg": -7, "sig": b"x"}},
    "packed, with a wrong signature": {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x"}},
    "packed, with a certificate that is none": {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x", "x5c": [b"x"]}},
    "data that is a text": {"authData": "x"},
    "short data": {"authData": b"x"},
}


@pytest.mark.parametrize("case", FORMATS)
def test_an_attestation_that_says_something_else_is_refused(case: str, alices: Client) -> None:
    key = Authenticator()
    options = fetch(alices, OPTIONS)

    assert send(alices, ADD, key.register(options, **FORMATS[case])).status_code == 422
    assert not WebAuthnDevice.objects.exists()


def test_what_we_cannot_check_is_refused_in_words(alices: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Authenticator()
    monkeypatch.setattr(key, "cose_key", lambda: KEYS["ES384"](key))

    assert says(register(alices, key), UNSUPPORTED)


@pytest.mark.parametrize("fmt", ["fido-u2f", "tpm", "sallyport"])
def test_a_statement_that_nobody_asked_for_does_not_refuse_a_real_key(fmt: str, alice: User, alices: Client) -> None:
    """Some keys, and browsers between, answer in the raw format of U2F whatever they are asked."""
    key = Authenticator(flags=UP, aaguid=bytes(16))
    statement = {"x5c": [b"a certificate that nobody reads"], "sig": b"x"}

    added = send(alices, ADD, key.register(fetch(alices, OPTIONS), fmt=fmt, attStmt=statement))

    assert added.status_code == 302
    client = Client()
    give_password(client, alice)
    assert answer(client, key).status_code == 302


EXTENSION = cbor2.dumps({"credProtect": 2})
BEHIND: dict[str, Callable[[Authenticator], bytes]] = {
    "bytes behind the key": lambda key: key.attested_data() + b"\x00",
    "an extension without its flag": lambda key: key.attested_data() + EXTENSION,
    "bytes behind an extension": lambda key: with_extension(key, EXTENSION + b"\x00"),
    # Decoded and written anew it is six bytes longer, by which the library would skip what follows.
    "bytes behind a short number": lambda key: with_extension(key, b"\xa1\x61a\xf9\x3c\x00" + b"x" * 6),
    "a flag without an extension": lambda key: with_extension(key, b""),
    "a tag": lambda key: with_extension(key, b"\xa1\x61a\xd8\x23\x61a"),
    "a list without an end": lambda key: with_extension(key, b"\x9f\xff"),
    "a length of two bytes for one": lambda key: with_extension(key, b"\xa1\x59\x00\x01a\x01"),
    "more members than bytes": lambda key: with_extension(key, b"\xbb" + b"\xff" * 8),
}


def with_extension(key: Authenticator, extension: bytes) -> bytes:
    key.flags |= ED
    return key.attested_data() + extension


@pytest.mark.parametrize("case", BEHIND)
def test_nothing_stands_behind_what_a_key_says(case: str, alices: Client) -> None:
    key = Authenticator()
    sent = key.register(fetch(alices, OPTIONS), authData=BEHIND[case](key))

    assert send(alices, ADD, sent).status_code == 422
    assert not WebAuthnDevice.objects.exists()


def test_an_extension_that_ends_where_it_should_is_taken(alices: Client) -> None:
    key = Authenticator()

    added = send(alices, ADD, key.register(fetch(alices, OPTIONS), authData=with_extension(key, EXTENSION)))

    assert added.status_code == 302


@pytest.mark.parametrize("behind", [b"\x00", cbor2.dumps({"fmt": "none"})])
def test_nor_behind_the_attestation(behind: bytes, alices: Client) -> None:
    sent = Authenticator().register(fetch(alices, OPTIONS))
    sent["response"]["attestationObject"] = b64(unb64(sent["response"]["attestationObject"]) + behind)

    assert send(alices, ADD, sent).status_code == 422
    assert not WebAuthnDevice.objects.exists()


TEXTS = ["\ud800", "a\u0000b", "\udfff\ud800"]


@pytest.mark.parametrize("member", ["challenge", "origin", "type", "other", "\ud800"])
@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_text_that_no_database_stores_is_refused_in_words(member: str, text: str, alices: Client) -> None:
    sent = Authenticator(client_data={member: text}).register(fetch(alices, OPTIONS))

    refused = send(alices, ADD, sent)

    assert refused.status_code == 422
    assert says(refused, "We couldn't read what your browser sent.")


AFTER: dict[str, Callable[[Json], Any]] = {
    "the id of another key": lambda sent: sent.update(id=b64(b"y" * 32), rawId=b64(b"y" * 32)),
    "another id than rawId": lambda sent: sent.update(id=b64(b"y" * 32)),
    "another type": lambda sent: sent.update(type="password"),
    "no attestation": lambda sent: sent["response"].pop("attestationObject"),
    "an attestation that is no CBOR": lambda sent: sent["response"].update(attestationObject=b64(b"\xff\xff")),
    "deep CBOR": lambda sent: sent["response"].update(attestationObject=b64(b"\x81" * 5000)),
    "a number for transports": lambda sent: sent["response"].update(transports=7),
    "a text for credProps": lambda sent: sent["clientExtensionResults"].update(credProps="yes"),
}


@pytest.mark.parametrize("case", AFTER)
def test_an_answer_changed_on_its_way_is_refused_wa_01(case: str, alices: Client) -> None:
    sent = Authenticator().register(fetch(alices, OPTIONS))
    AFTER[case](sent)

    assert send(alices, ADD, sent).status_code == 422
    assert not WebAuthnDevice.objects.exists()


def test_without_an_attested_key_there_is_none(alices: Client) -> None:
    key = Authenticator()
    sent = key.register(fetch(alices, OPTIONS), authData=key.authenticator_data())

    assert send(alices, ADD, sent).status_code == 422


def test_unknown_transports_are_left_out(alice: User, alices: Client) -> None:
    register(alices, Authenticator(transports=("nfc", "<script>", "usb", "usb")))

    assert WebAuthnDevice.objects.get(user=alice).transports == "usb,nfc"


# ── Whose it is ──
def test_a_key_added_twice_is_there_once_and_says_so_wa_08(alice: User, alices: Client) -> None:
    key = Authenticator()
    sent = key.register(fetch(alices, OPTIONS))
    send(alices, ADD, sent, name="Blue key")

    twice = [send(alices, ADD, sent, name="Red key"), register(alices, key, name="Red key")]

    assert [says(refused, YOURS) for refused in twice] == [True, True]
    assert [device.name for device in WebAuthnDevice.objects.filter(user=alice)] == ["Blue key"]


def test_another_persons_key_cannot_be_added_and_stays_as_it_is_wa_08(alice: User, bob: User, alices: Client) -> None:
    key = security_key(bob)
    before = WebAuthnDevice.objects.values().get(user=bob)

    refused = register(alices, key)

    assert refused.status_code == 422
    assert says(refused, TAKEN)
    assert bob.email not in refused.content.decode()
    assert WebAuthnDevice.objects.values().get(user=bob) == before
    assert not WebAuthnDevice.objects.filter(user=alice).exists()


def test_twenty_keys_are_as_many_as_there_can_be_wa_08(alice: User, client: Client) -> None:
    keys = [security_key(alice, name=f"Key {number}") for number in range(20)]
    give_password(client, alice)
    answer(client, keys[0])

    refused = client.get(ADD)

    assert refused.headers["Location"] == "/2fa/"
    assert says(client.get("/2fa/"), "You have as many keys as there can be.")
    assert client.post(ADD, {"credential": "{}"}).status_code == 302
    assert WebAuthnDevice.objects.count() == 20


# ── Challenges and doors ──
def test_a_question_is_for_one_browser_and_five_minutes_wa_04(alice: User, alices: Client, clock: TestClock) -> None:
    elsewhere = Client()
    sign_in(elsewhere, alice)
    sent = Authenticator().register(fetch(elsewhere, OPTIONS))
    late = Authenticator().register(fetch(alices, OPTIONS))
    clock.advance(timedelta(minutes=5, seconds=1))

    assert [send(alices, ADD, credential).status_code for credential in (sent, late)] == [422, 422]
    assert not WebAuthnDevice.objects.exists()
    assert SecurityEvent.objects.filter(user=alice, slug="second_factor.failed").count() == 2


def test_another_persons_question_does_not_count(bob: User, alices: Client) -> None:
    bobs = Client()
    sign_in(bobs, bob)

    assert send(alices, ADD, Authenticator().register(fetch(bobs, OPTIONS))).status_code == 422


def test_it_needs_a_confirmation(alice: User, client: Client) -> None:
    key = security_key(alice)
    give_password(client, alice)
    answer(client, key)
    session = client.session
    session.drop_sudo()
    session.save()

    for page in (ADD, OPTIONS):
        assert client.post(page).headers["Location"].startswith("/confirm/")
    assert not PasskeyChallenge.objects.filter(purpose="register").exists()
    confirm(client, key)
    assert client.get(ADD).status_code == 200


def test_a_sign_in_that_waits_cannot_add(alice: User, client: Client) -> None:
    security_key(alice)
    give_password(client, alice)

    assert client.post(OPTIONS).headers["Location"].startswith("/login/")
    assert not is_in(client)


def test_garbage_is_refused_in_words(alices: Client) -> None:
    for garbage in ("", "{}", "[" * 20_000, json.dumps({"id": 1}), cbor2.dumps({}).hex()):
        refused = alices.post(ADD, {"credential": garbage, "name": "Blue key"})
        assert refused.status_code == 422
        assert says(refused, "We couldn't read what your browser sent.")
        assert says(refused, "Blue key")


def test_flags_are_kept_as_they_are_told(alice: User, alices: Client) -> None:
    register(alices, Authenticator(flags=UP | BE | BS))

    device = WebAuthnDevice.objects.get(user=alice)
    assert (device.backup_eligible, device.backed_up, device.verifies_user) == (True, True, False)

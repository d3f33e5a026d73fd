"""The test vectors of the specification: what others sign is read as the specification means it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from lib.origin import NOWHERE
from tests.bed.authenticators import b64
from twofactor.methods.webauthn import ceremonies
from twofactor.methods.webauthn.answers import Assertion
from twofactor.methods.webauthn.challenges import Purpose, Question
from twofactor.methods.webauthn.credentials import read_new, read_signed
from twofactor.methods.webauthn.models import WebAuthnDevice
from twofactor.methods.webauthn.problems import Problem, Refused

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from twofactor.methods.webauthn.ceremonies import NewKey, Told

SPECIFICATION = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
VECTORS = {vector["slug"]: vector for vector in SPECIFICATION["vectors"]}
TAKEN = (
    "none-es256",
    "packed-self-es256",
    "none-es256-long-credential-id",
    "packed-es256",
    "packed-es512",
    "packed-rs256",
    "packed-eddsa",
    # Their statements are in formats that nobody asked for, and count as none.
    "tpm-es256",
    "android-key-es256",
    "apple-es256",
    "fido-u2f-es256",
)
EMBEDDED = ("none-es256-crossOrigin", "none-es256-topOrigin")
ALGORITHMS_NOT_OFFERED = ("packed-es384", "packed-ed448")


@pytest.fixture(autouse=True)
def at_example_org(settings: SettingsWrapper) -> None:
    settings.SITE_URL, settings.PASSKEY_RP_ID = SPECIFICATION["origin"], SPECIFICATION["rp_id"]


def as_browsers_send(vector: dict[str, Any], part: str, *fields: str) -> str:
    key_id = b64(bytes.fromhex(vector["registration"]["credential_id"]))
    response = {field: b64(bytes.fromhex(vector[part][field])) for field in ("clientDataJSON", *fields)}
    return json.dumps({"id": key_id, "rawId": key_id, "type": "public-key", "response": response})


def registered(vector: dict[str, Any]) -> NewKey:
    return ceremonies.check_new(read_new(as_browsers_send(vector, "registration", "attestationObject")))


def signed(vector: dict[str, Any], key: NewKey) -> Told:
    text = as_browsers_send(vector, "authentication", "authenticatorData", "signature")
    question = Question(purpose=Purpose.SIGN_IN, browser="here", user=object(), origin=NOWHERE)
    answer = Assertion(read_signed(text), question, is_in_time=True)
    device = WebAuthnDevice(public_key=key.public_key, backup_eligible=key.backup_eligible, user_handle="alice")
    return ceremonies.check_assertion(answer, device)


def test_every_vector_is_looked_at() -> None:
    assert set(VECTORS) == {*TAKEN, *EMBEDDED, *ALGORITHMS_NOT_OFFERED}


@pytest.mark.parametrize("slug", TAKEN)
def test_a_vector_of_what_we_offer_registers_and_signs(slug: str) -> None:
    vector = VECTORS[slug]
    challenge = b64(bytes.fromhex(vector["registration"]["challenge"]))
    assert read_new(as_browsers_send(vector, "registration", "attestationObject")).client_data.challenge == challenge

    key = registered(vector)
    told = signed(vector, key)

    assert isinstance(key.aaguid, UUID)
    assert told.sign_count == key.sign_count == 0


@pytest.mark.parametrize("slug", EMBEDDED)
def test_a_vector_from_within_anothers_page_is_refused(slug: str) -> None:
    vector = VECTORS[slug]
    with pytest.raises(Refused) as registration:
        registered(vector)
    attestation = bytes.fromhex(vector["registration"]["attestationObject"])
    public_key = attestation[attestation.index(bytes.fromhex("a501020326")) :]
    device = WebAuthnDevice(public_key=public_key, user_handle="alice")
    text = as_browsers_send(vector, "authentication", "authenticatorData", "signature")
    question = Question(purpose=Purpose.SIGN_IN, browser="here", user=object(), origin=NOWHERE)
    with pytest.raises(Refused) as authentication:
        ceremonies.check_assertion(Assertion(read_signed(text), question, is_in_time=True), device)

    assert registration.value.problem is Problem.WRONG
    assert authentication.value.problem is Problem.WRONG


@pytest.mark.parametrize("slug", ALGORITHMS_NOT_OFFERED)
def test_what_we_did_not_offer_is_refused_in_words(slug: str) -> None:
    with pytest.raises(Refused) as refused:
        registered(VECTORS[slug])

    assert refused.value.problem is Problem.UNSUPPORTED


def test_the_same_answer_with_one_bit_turned_is_refused() -> None:
    vector = json.loads(json.dumps(VECTORS["packed-es512"]))
    key = registered(vector)
    data = bytearray.fromhex(vector["authentication"]["authenticatorData"])
    data[-1] ^= 1
    vector["authentication"]["authenticatorData"] = data.hex()

    with pytest.raises(Refused):
        signed(vector, key)

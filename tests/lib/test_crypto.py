"""Secrets at rest (DB-04, DB-05)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from lib import crypto
from lib.models import DigestRoot

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

PURPOSE, ROW = "timed_code", "twofactor.totpdevice|secret|1|7"
SECRET = "JBSW Y3DP – é 🔐"


def key(kid: str) -> str:
    """An entry of PORTAL_KEYS; the same id gives the same key."""
    return f"{kid}:{base64.b64encode(kid.encode().ljust(32, b'.')).decode()}"


@pytest.fixture(autouse=True)
def ring(settings: SettingsWrapper) -> None:
    settings.PORTAL_KEYS = key("old")


def sealed() -> str:
    return crypto.seal(SECRET, purpose=PURPOSE, bound_to=ROW)


def opened(text: str, *, purpose: str = PURPOSE, bound_to: str = ROW) -> str:
    return crypto.unseal(text, purpose=purpose, bound_to=bound_to)


def with_bit_flipped(text: str, byte: int) -> str:
    """The same envelope, one bit of its bytes (nonce, ciphertext, tag) different."""
    envelope, _dot, encoded = text.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(encoded))
    raw[byte] ^= 1
    return f"{envelope}.{base64.urlsafe_b64encode(raw).decode()}"


def test_what_was_sealed_opens() -> None:
    assert opened(sealed()) == SECRET


def test_the_sealed_text_shows_nothing_and_never_repeats() -> None:
    first, second = sealed(), sealed()

    assert first != second
    for form in (SECRET, base64.b64encode(SECRET.encode()).decode(), SECRET.encode().hex()):
        assert form not in first


def test_the_sealed_text_names_its_key() -> None:
    assert sealed().split(".")[:2] == ["v1", "old"]


def test_any_flipped_bit_of_nonce_text_or_tag_is_noticed() -> None:
    text = sealed()
    length = len(base64.urlsafe_b64decode(text.rpartition(".")[2]))

    for byte in range(length):
        with pytest.raises(crypto.CannotUnseal):
            opened(with_bit_flipped(text, byte))


def test_it_does_not_open_for_another_row_or_purpose() -> None:
    text = sealed()

    for other in ({"bound_to": ROW.replace("1|7", "2|7")}, {"bound_to": ROW[:-1] + "8"}, {"purpose": "totp_setup"}):
        with pytest.raises(crypto.CannotUnseal):
            opened(text, **other)


def test_purpose_and_row_cannot_be_shifted_into_each_other() -> None:
    text = crypto.seal(SECRET, purpose="a", bound_to="b|c")

    with pytest.raises(crypto.CannotUnseal):
        opened(text, purpose="a|b", bound_to="c")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1",
        "v1.old",
        "v1.old.",
        "v1.old.AAAA",
        "v1.old.%%%%",
        "v1.old.é",
        "v1.none.AAAA",
        "v1.old.AAAA.AAAA",
        "....",
        "v1.old." + "A" * 16,
    ],
)
def test_what_is_no_sealed_text_does_not_open(text: str) -> None:
    with pytest.raises(crypto.CannotUnseal):
        opened(text)


def test_another_version_does_not_open() -> None:
    with pytest.raises(crypto.CannotUnseal):
        opened(sealed().replace("v1.", "v2.", 1))


def test_it_does_not_open_without_its_key(settings: SettingsWrapper) -> None:
    text = sealed()
    settings.PORTAL_KEYS = key("new")

    with pytest.raises(crypto.CannotUnseal):
        opened(text)


def test_it_does_not_open_under_another_key_of_the_same_name(settings: SettingsWrapper) -> None:
    text = sealed()
    settings.PORTAL_KEYS = key("new").replace("new:", "old:")

    with pytest.raises(crypto.CannotUnseal):
        opened(text)


def test_a_new_first_key_seals_and_the_old_one_still_opens(settings: SettingsWrapper) -> None:
    before = sealed()
    settings.PORTAL_KEYS = f"{key('new')}, {key('old')}"
    after = sealed()

    assert (opened(before), opened(after)) == (SECRET, SECRET)
    assert after.split(".")[1] == "new"


def test_a_ciphertext_does_not_open_under_the_name_of_the_other_key(settings: SettingsWrapper) -> None:
    settings.PORTAL_KEYS = f"{key('new')},{key('old')}"

    with pytest.raises(crypto.CannotUnseal):
        opened(sealed().replace(".new.", ".old.", 1))


@pytest.mark.django_db
def test_a_digest_stays_the_same_when_a_key_is_added(settings: SettingsWrapper) -> None:
    DigestRoot.objects.all().delete()
    before = crypto.keyed_digest("session", "abc")
    settings.PORTAL_KEYS = f"{key('new')},{key('old')}"

    assert crypto.keyed_digest("session", "abc") == before


@pytest.mark.django_db
def test_a_digest_tells_keys_purposes_and_parts_apart(settings: SettingsWrapper) -> None:
    DigestRoot.objects.all().delete()
    digests = [
        crypto.keyed_digest("session", "abc"),
        crypto.keyed_digest("limit", "abc"),
        crypto.keyed_digest("session", "ab", "c"),
        crypto.keyed_digest("session", "a", "bc"),
    ]
    settings.PORTAL_KEYS = key("new")
    digests.append(crypto.keyed_digest("session", "abc"))

    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 64 for digest in digests)


def test_a_signature_is_made_by_the_active_key_and_known_by_every_key_of_the_ring(settings: SettingsWrapper) -> None:
    made = crypto.signature("link", 41)
    settings.PORTAL_KEYS = f"{key('new')},{key('old')}"

    assert crypto.is_signature(made, "link", 41)
    assert crypto.signature("link", 41) != made
    assert not crypto.is_signature(made, "link", 42)
    assert not crypto.is_signature(made, "other", 41)

    settings.PORTAL_KEYS = key("new")
    assert not crypto.is_signature(made, "link", 41)

"""Passwords are taken exactly as typed (PW-08, ASVS 6.2.8, 6.2.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.user.models import User
from tests.accounts.browsers import guess, is_in
from tests.bed.people import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

AS_TYPED = {
    "blanks at both ends": "  slow trams cross the bridge  ",
    "emoji of four bytes": "🔐🚋🌉🌊🐢🦉🍋🧲🪀🎷🛶🧭",
    "one emoji of many code points": "👩‍👩‍👧‍👦 trams cross here",
    "64 characters": "Slow trams cross bridges, " + "x" * 38,
    "1024 characters": "Slow trams " + "é" * 1013,
    "combining accents": "cafe\u0301 trams cross slowly",
    "tabs": "slow\ttrams\tcross\tbridges",
    "quotes and markup": "<b>\"'; DROP TABLE trams --</b>",
    "right to left": "\u202eslow trams\u202c cross",
}


def change(client: Client, password: str, current: str = PASSWORD) -> int:
    return client.post("/password/", {"current_password": current, "password": password}).status_code


@pytest.mark.parametrize("password", AS_TYPED.values(), ids=AS_TYPED.keys())
def test_it_works_as_typed_and_only_as_typed(alice: User, alices: Client, password: str) -> None:
    changed = change(alices, password)

    again, other = Client(), Client()
    guess(again, alice, password)
    guess(other, alice, password.strip() if password.strip() != password else password[:-1])
    assert changed == 302
    assert is_in(again)
    assert not is_in(other)


def test_no_character_is_cut_off(alice: User, alices: Client) -> None:
    """Some hashes stop after 72 bytes (Nextcloud CVE-2020-8202)."""
    password = "Slow trams cross the bridge " + "x" * 72
    change(alices, password)

    statuses = [guess(Client(), alice, password[:length]).status_code for length in (55, 72, 73, len(password) - 1)]

    assert statuses == [422] * 4
    assert guess(Client(), alice, password).status_code == 302


def test_a_letter_and_its_composed_form_are_one_password(alice: User, alices: Client) -> None:
    change(alices, "cafe\u0301 trams cross slowly")

    assert guess(Client(), alice, "caf\u00e9 trams cross slowly").status_code == 302
    assert guess(Client(), alice, "cafe trams cross slowly").status_code == 422


def test_a_hash_from_before_works_as_sent_and_then_composed(alice: User, hashes: Callable[[], int]) -> None:
    User.objects.filter(pk=alice.pk).update(password=make_password("cafe\u0301 trams cross slowly"))
    hashes()

    assert guess(Client(), alice, "caf\u00e9 trams cross slowly").status_code == 422
    assert guess(Client(), alice, "cafe\u0301 trams cross slowly").status_code == 302
    assert guess(Client(), alice, "caf\u00e9 trams cross slowly").status_code == 302


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("login", ["alice@alpina.example", "nobody@alpina.example"])
def test_a_password_that_is_not_composed_costs_two_hashes_for_anybody(login: str, hashes: Callable[[], int]) -> None:
    Client().post("/login/", {"login": "warm@alpina.example", "password": "up"})
    hashes()

    Client().post("/login/", {"login": login, "password": "cafe\u0301 trams cross slowly"})

    assert hashes() == 2


def test_a_new_password_is_as_long_as_it_is_composed(alices: Client) -> None:
    assert change(alices, "e\u0301" * 11) == 422


@pytest.mark.parametrize("password", ["x" * 1025, "🔐" * 1025, "x" * 100_000])
def test_longer_than_1024_characters_is_refused_before_any_hash(
    alice: User, alices: Client, hashes: Callable[[], int], password: str
) -> None:
    tried = guess(Client(), alice, password)
    set_anew = change(alices, password)

    assert (tried.status_code, set_anew) == (422, 422)
    assert hashes() == 0
    assert "up to 1024 characters" in tried.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("checks_forgery", [False, True])
def test_a_megabyte_is_refused_before_it_is_read(
    hashes: Callable[[], int], content_type: str, *, checks_forgery: bool
) -> None:
    field = '--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n'
    body = field + "x" * 1_000_000 + "\r\n--x--\r\n" if "multipart" in content_type else "password=" + "x" * 1_000_000
    client = Client(enforce_csrf_checks=checks_forgery)
    client.get("/login/")

    answer = client.post("/login/", body, content_type=content_type)

    assert answer.status_code == 400
    assert hashes() == 0


def test_a_nul_is_refused_and_never_ends_a_password(alice: User, alices: Client, hashes: Callable[[], int]) -> None:
    tried = guess(Client(), alice, PASSWORD + "\x00trailing")
    set_anew = change(alices, "Slow trams cross\x00 the bridge")

    assert (tried.status_code, set_anew) == (422, 422)
    assert hashes() == 0


def test_half_a_character_is_no_error(alice: User) -> None:
    answer = Client().post(
        "/login/",
        b"login=" + alice.email.encode() + b"&password=%ed%a0%80%ff",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 422

"""/confirm/: guessing in an open browser (AC-03)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import Session
from accounts.password.hashers import Argon2idHasher
from audit.models import SecurityEvent
from tests.accounts.browsers import is_in
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from twofactor.models import TOTPDevice

pytestmark = pytest.mark.django_db
PAGE = "/confirm/"
SENSITIVE = "/2fa/add/"


@pytest.fixture
def device(alice: User) -> TOTPDevice:
    return code_app(alice)


@pytest.fixture
def owner(device: TOTPDevice) -> Client:
    client = Client()
    sign_in(client, device.user)
    return client


def wrong(device: TOTPDevice) -> dict[str, str]:
    return {"code": f"{(int(totp_code(device)) + 333_333) % 1_000_000:06d}"}


def has_sudo(client: Client) -> bool:
    return client.get(SENSITIVE).status_code == 200


def test_a_right_code_grants_it_under_a_new_key(owner: Client, device: TOTPDevice, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=16))
    assert not has_sudo(owner)
    old_key = owner.cookies["session"].value

    owner.post(PAGE, {"code": totp_code(device)})

    assert has_sudo(owner)
    assert owner.cookies["session"].value != old_key
    thief = Client()
    thief.cookies["session"] = old_key
    assert thief.get("/2fa/").status_code == 302


def test_the_password_grants_it_under_a_new_key_where_there_is_no_method(alices: Client, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=16))
    old_key = alices.cookies["session"].value

    alices.post(PAGE, {"password": PASSWORD})

    assert has_sudo(alices)
    assert alices.cookies["session"].value != old_key


def test_fifteen_minutes_do_not_slide(owner: Client, clock: TestClock) -> None:
    for _ in range(3):
        clock.advance(timedelta(minutes=5, seconds=1))
        owner.get(SENSITIVE)

    assert not has_sudo(owner)


def test_another_session_gains_nothing(owner: Client, device: TOTPDevice, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=16))
    other = Client()
    sign_in(other, device.user)

    assert has_sudo(other)
    assert not has_sudo(owner)


def test_four_wrong_codes_keep_it_and_the_fifth_loses_it(owner: Client, device: TOTPDevice) -> None:
    for _ in range(4):
        owner.post(PAGE, wrong(device))
    assert has_sudo(owner)

    owner.post(PAGE, wrong(device))

    assert not has_sudo(owner)
    assert owner.get("/2fa/").status_code == 200


def test_the_fifth_is_told_once(
    owner: Client, device: TOTPDevice, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    for _ in range(9):
        owner.post(PAGE, wrong(device))

    told = [mail for mail in outbox() if "Somebody is trying codes" in mail.subject]
    assert [mail.to for mail in told] == [[device.user.email]]
    assert SecurityEvent.objects.filter(slug="second_factor.guessed").count() == 1


def test_the_fifth_at_sign_in_is_told_too(
    device: TOTPDevice, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    thief = Client()
    give_password(thief, device.user)
    for _ in range(5):
        thief.post("/login/verify/totp/", wrong(device))

    assert [mail.to for mail in outbox() if "Somebody is trying codes" in mail.subject] == [[device.user.email]]


def test_tries_spread_over_networks_are_told_too(
    device: TOTPDevice, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    for network in range(5):
        thief = Client(REMOTE_ADDR=f"198.51.{network}.7")
        give_password(thief, device.user)
        thief.post("/login/verify/totp/", wrong(device))

    assert [mail.to for mail in outbox() if "Somebody is trying codes" in mail.subject] == [[device.user.email]]


def test_a_right_code_in_between_begins_anew(owner: Client, device: TOTPDevice, clock: TestClock) -> None:
    for _ in range(2):
        for _try in range(4):
            owner.post(PAGE, wrong(device))
        clock.advance(timedelta(minutes=1))
        owner.post(PAGE, {"code": totp_code(device)})

    assert has_sudo(owner)
    assert not SecurityEvent.objects.filter(slug="second_factor.guessed").exists()


def test_a_refusal_by_the_limit_loses_it(owner: Client, device: TOTPDevice, clock: TestClock) -> None:
    for _ in range(10):
        owner.post(PAGE, wrong(device))
    Session.objects.filter(user=device.user).update(sudo_until=clock.now() + timedelta(minutes=10))
    assert has_sudo(owner)

    assert owner.post(PAGE, {"code": totp_code(device)}).status_code == 429

    assert not has_sudo(owner)


def test_the_same_with_passwords(
    alices: Client, alice: User, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    statuses = [alices.post(PAGE, {"password": f"wrong {number}"}).status_code for number in range(6)]

    assert statuses == [422] * 5 + [429]
    assert not has_sudo(alices)
    assert [mail.to for mail in outbox() if "trying passwords" in mail.subject] == [[alice.email]]


def test_strangers_at_the_sign_in_page_send_nobody_mails(
    alice: User, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    for _ in range(6):
        give_password(Client(REMOTE_ADDR="198.51.100.7"), alice, "wrong")

    assert not outbox()


def test_changing_the_password_is_no_place_to_guess_it(alices: Client) -> None:
    for number in range(5):
        alices.post("/password/", {"current_password": f"wrong {number}", "password": "Nine-Herons-Wait-By-Ponds"})

    assert not has_sudo(alices)


def test_a_password_that_is_hashed_anew_signs_nobody_out_here(
    alice: User, alices: Client, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator has made hashes dearer since: the session is tied to the hash."""
    before = alice.password
    clock.advance(timedelta(minutes=16))
    monkeypatch.setattr(Argon2idHasher, "time_cost", 2)

    assert alices.post(PAGE, {"password": PASSWORD}).status_code == 302

    alice.refresh_from_db()
    assert alice.password != before
    assert is_in(alices)

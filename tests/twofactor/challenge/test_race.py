"""Of equal answers at the same instant one counts (TO-02): threads on the database, through the front door."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from django.test import Client

from lib.models import Counter
from tests.bed.people import code_app, give_password, totp_code
from tests.bed.race import race, rounds, threads
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = threads(32)
ROUNDS = rounds(10)
PAGE = "/login/verify/totp/"


def test_one_code_in_many_browsers_signs_in_once(alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    for _round in range(ROUNDS):
        clock.advance(timedelta(minutes=20))
        browsers = [Client(REMOTE_ADDR=f"198.51.{number}.7") for number in range(THREADS)]
        for browser in browsers:
            give_password(browser, alice)
        code = totp_code(device)

        statuses = race(THREADS, lambda number: browsers[number].post(PAGE, {"code": code}).status_code)  # noqa: B023

        assert statuses.count(302) == 1
        assert statuses.count(422) == THREADS - 1
        Counter.objects.all().delete()  # a hundred losers in a row would close codes for good


def test_a_burst_of_wrong_codes_reaches_the_check_ten_times(alice: User) -> None:
    device = code_app(alice)
    wrong = f"{(int(totp_code(device)) + 333_333) % 1_000_000:06d}"
    size = threads(32, few=12)
    for _round in range(rounds(3)):
        Counter.objects.all().delete()
        browsers = [Client() for _ in range(size)]
        for browser in browsers:
            give_password(browser, alice)

        statuses = race(size, lambda number: browsers[number].post(PAGE, {"code": wrong}).status_code)  # noqa: B023

        assert (statuses.count(422), statuses.count(429)) == (10, size - 10)


def test_removing_an_app_against_signing_in_with_it(alice: User, clock: TestClock) -> None:
    """Whoever comes first, nobody stays signed in with a removed app alone, and nothing is half done."""
    for _round in range(ROUNDS):
        clock.advance(timedelta(minutes=20))
        device, kept = code_app(alice, "Lost phone"), code_app(alice, "Kept phone")
        owner, thief = Client(), Client(REMOTE_ADDR="198.51.100.7")
        give_password(owner, alice)
        owner.post(PAGE, {"code": totp_code(kept)})
        give_password(thief, alice)
        code = totp_code(device)

        def act(number: int) -> int:
            if number == 0:
                return owner.post(f"/2fa/totp/{device.pk}/remove/").status_code  # noqa: B023
            return thief.post(PAGE, {"code": code}).status_code  # noqa: B023

        removed, _signed_in = race(2, act)

        assert removed == 302
        assert thief.get("/2fa/").status_code == 302
        assert owner.get("/2fa/").status_code == 200
        kept.delete()


def test_two_browsers_adding_an_app_at_once_leave_one_generation_each(alice: User) -> None:
    """Both additions count, and the one that came second signed the first one's browser out."""
    browsers = [Client() for _ in range(2)]
    secrets = []
    for browser in browsers:
        give_password(browser, alice)
        secrets.append(setup_secret(browser))

    statuses = race(
        2,
        lambda n: (
            browsers[n].post("/2fa/totp/add/", {"code": pyotp.TOTP(secrets[n]).now(), "name": f"{n}"}).status_code
        ),
    )

    alice.refresh_from_db()
    assert statuses.count(302) >= 1
    assert alice.auth_generation == TOTPDevice.objects.filter(user=alice).count()
    assert sum(browser.get("/2fa/").status_code == 200 for browser in browsers) == 1


def setup_secret(browser: Client) -> str:
    page = browser.get("/2fa/totp/add/").content.decode()
    return re.sub(r"\s", "", re.search(r'id="totp-secret"[^>]*>([^<]+)<', page)[1])

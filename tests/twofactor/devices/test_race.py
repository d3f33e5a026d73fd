"""Changing methods while somebody signs in with them: one comes first, nothing is half done."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from django.db import transaction
from django.test import Client

from audit.models import SecurityEvent
from lib import clock as portal_clock
from lib.models import Counter
from tests.bed.people import PASSWORD, code_app, give_password, totp_code
from tests.bed.race import race, rounds
from twofactor.devices import actions
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = rounds(10)
VERIFY = "/login/verify/totp/"


def enter(user: User, device: TOTPDevice, **where: str) -> Client:
    """A browser signed in with a code of the device."""
    browser = Client(**where)
    give_password(browser, user)
    assert browser.post(VERIFY, {"code": totp_code(device)}).status_code == 302
    return browser


def half_way(user: User, number: int) -> Client:
    browser = Client(REMOTE_ADDR=f"198.51.{number}.7")
    give_password(browser, user)
    return browser


def new_round(clock: TestClock) -> None:
    clock.advance(timedelta(minutes=20))
    Counter.objects.all().delete()  # losers in a row would close codes for good


def is_in(browser: Client) -> bool:
    return browser.get("/2fa/").status_code == 200


def test_turning_off_against_signing_in(alice: User, clock: TestClock) -> None:
    """Nobody is left signed in by a device that is gone, and nobody waits for anybody for ever."""
    for _round in range(ROUNDS):
        new_round(clock)
        phone, tablet = code_app(alice, "Phone"), code_app(alice, "Tablet")
        alice.refresh_from_db()
        with transaction.atomic():
            actions.make_missing_backups(alice)
        owner = enter(alice, tablet)
        others = [half_way(alice, number) for number in range(4)]
        codes = [totp_code(device) for device in (phone, tablet, phone, tablet)]
        clock.advance(timedelta(seconds=30))

        def act(number: int) -> int:
            if number == 0:
                return owner.post("/2fa/disable/", {"password": PASSWORD}).status_code  # noqa: B023
            return others[number - 1].post(VERIFY, {"code": codes[number - 1]}).status_code  # noqa: B023

        turned_off, *signed_in = race(5, act)

        assert turned_off == 302
        assert set(signed_in) <= {302, 422}
        assert not any(is_in(other) for other in others)
        assert is_in(owner)
        assert sum(kind.objects.filter(user=alice).count() for kind in actions.kinds()) == 0
        alice.refresh_from_db()
        assert alice.protection == 0


def test_removing_the_last_two_at_once_leaves_one(alice: User, clock: TestClock) -> None:
    for _round in range(ROUNDS):
        new_round(clock)
        devices = [code_app(alice, "Phone"), code_app(alice, "Tablet")]
        owner = enter(alice, devices[0])
        twin = Client()
        twin.cookies.update(owner.cookies)

        browsers = (owner, twin)
        race(2, lambda n: browsers[n].post(f"/2fa/totp/{devices[n].pk}/remove/").status_code)  # noqa: B023

        assert TOTPDevice.objects.filter(user=alice).count() == 1
        alice.refresh_from_db()
        assert alice.protection > 0
        TOTPDevice.objects.all().delete()


def test_replacing_against_signing_in(alice: User, clock: TestClock) -> None:
    for _round in range(ROUNDS):
        new_round(clock)
        old = code_app(alice, "Old")
        owner = enter(alice, old)
        clock.advance(timedelta(seconds=60))
        thief = half_way(alice, 1)
        page = f"/2fa/totp/{old.pk}/replace/"
        shown = owner.get(page).content.decode()
        secret = re.sub(r"\s", "", re.search(r'id="totp-secret"[^>]*>([^<]+)<', shown)[1])
        new_code, old_code = pyotp.TOTP(secret).at(portal_clock.now()), totp_code(old)

        def act(number: int) -> int:
            if number == 0:
                return owner.post(page, {"code": new_code, "name": "New"}).status_code  # noqa: B023
            return thief.post(VERIFY, {"code": old_code}).status_code  # noqa: B023

        replaced, _signed_in = race(2, act)

        assert replaced == 302
        assert not is_in(thief)
        assert is_in(owner)
        [new] = TOTPDevice.objects.filter(user=alice)
        assert new.secret == secret
        new.delete()


def test_replacing_twice_at_once_leaves_one(alice: User, clock: TestClock) -> None:
    for _round in range(ROUNDS):
        new_round(clock)
        old = code_app(alice, "Old")
        owner = enter(alice, old)
        page = f"/2fa/totp/{old.pk}/replace/"
        shown = owner.get(page).content.decode()
        secret = re.sub(r"\s", "", re.search(r'id="totp-secret"[^>]*>([^<]+)<', shown)[1])
        code = pyotp.TOTP(secret).at(portal_clock.now())
        twin = Client()
        twin.cookies.update(owner.cookies)

        browsers = (owner, twin)
        race(2, lambda n: browsers[n].post(page, {"code": code, "name": "New"}).status_code)  # noqa: B023

        assert TOTPDevice.objects.filter(user=alice).count() == 1
        TOTPDevice.objects.all().delete()
    assert SecurityEvent.objects.filter(slug="method.replaced").count() == ROUNDS


def test_turning_off_twice_at_once_is_told_once(alice: User, clock: TestClock) -> None:
    for _round in range(ROUNDS):
        new_round(clock)
        owner = enter(alice, code_app(alice))
        twin = Client()
        twin.cookies.update(owner.cookies)

        browsers = (owner, twin)
        race(2, lambda n: browsers[n].post("/2fa/disable/", {"password": PASSWORD}).status_code)  # noqa: B023

    assert SecurityEvent.objects.filter(slug="method.all_removed").count() == ROUNDS

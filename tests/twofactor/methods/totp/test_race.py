"""One setup sent many times at the same instant: one code app, and a code of it counts once (TO-01)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from django.test import Client

from accounts.user.models import User
from audit.models import SecurityEvent
from lib import clock as portal_clock
from lib.models import Counter
from tests.accounts.browsers import browser_with, is_in, key_of
from tests.bed.people import code_app, give_password, sign_in, totp_code
from tests.bed.race import race, rounds, threads
from twofactor.models import BackupCodes, TOTPDevice

if TYPE_CHECKING:
    from django.http import HttpResponse

    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = rounds(6)
THREADS = threads(32)
ADD = "/2fa/totp/add/"
CODES = "/2fa/backup-codes/"
VERIFY = "/login/verify/totp/"


def shown_code(client: Client, page: str) -> str:
    """The code of the secret that a page has just shown."""
    secret = re.search(r'id="totp-secret"[^>]*>([^<]+)<', client.get(page).content.decode())[1]
    return pyotp.TOTP(re.sub(r"\s", "", secret)).at(portal_clock.now())


def new_round(clock: TestClock) -> None:
    clock.advance(timedelta(minutes=20))
    Counter.objects.all().delete()  # losers in a row would close codes for good
    TOTPDevice.objects.all().delete()
    BackupCodes.objects.all().delete()
    User.objects.update(protection=0)


def clicks(key: str, pages: list[str], code: str) -> list[tuple[Client, HttpResponse]]:
    """The same form, sent to each of these pages by windows of one browser."""
    windows = [browser_with(key) for _page in pages]
    answers = race(len(pages), lambda n: windows[n].post(pages[n], {"code": code, "name": "New phone"}))
    return list(zip(windows, answers, strict=True))


def times_taken(code: str, user: User) -> int:
    """How many of several sign-ins at once get in by one code."""
    browsers = [Client(REMOTE_ADDR=f"198.51.{number}.7") for number in range(4)]
    for browser in browsers:
        give_password(browser, user)
    answers = race(len(browsers), lambda n: browsers[n].post(VERIFY, {"code": code}).status_code)
    return answers.count(302)


def test_many_clicks_add_one_code_app(alice: User, clock: TestClock) -> None:
    for number in range(ROUNDS):
        new_round(clock)
        owner = Client()
        sign_in(owner, alice)
        code, key = shown_code(owner, ADD), key_of(owner)

        answers = clicks(key, [ADD] * THREADS, code)

        device = TOTPDevice.objects.get(user=alice)
        # Who came when all was over has a key that is dead by then.
        assert {answer["Location"].partition("?")[0] for _window, answer in answers} <= {CODES, "/login/"}
        assert SecurityEvent.objects.filter(slug="method.first_added").count() == number + 1
        assert sum(is_in(window) for window, _answer in answers) == 1
        assert times_taken(code, alice) == 0
        clock.advance(timedelta(seconds=60))
        assert times_taken(totp_code(device), alice) == 1


def test_both_clicks_of_a_double_click_end_on_the_same_page(alice: User, clock: TestClock) -> None:
    """The browser reads the second answer only: it must stay signed in by that."""
    same = 0
    for _round in range(ROUNDS):
        new_round(clock)
        owner = Client()
        sign_in(owner, alice)
        code, key = shown_code(owner, ADD), key_of(owner)

        answers = clicks(key, [ADD, ADD], code)

        assert TOTPDevice.objects.filter(user=alice).count() == 1
        same += [answer["Location"] for _window, answer in answers] == [CODES, CODES]
        [reader] = [window for window, _answer in answers if is_in(window)]
        assert reader.get("/2fa/").wsgi_request.user.is_verified()
    assert same > 0


def test_replacing_two_code_apps_by_one_replaces_one(alice: User, clock: TestClock) -> None:
    for _round in range(ROUNDS):
        new_round(clock)
        olds = [code_app(alice, "Phone"), code_app(alice, "Tablet")]
        owner = Client()
        sign_in(owner, alice)
        pages = [f"/2fa/totp/{old.pk}/replace/" for old in olds]
        code = shown_code(owner, pages[0])

        answers = clicks(key_of(owner), pages, code)

        assert sum(answer.status_code == 302 and answer["Location"] == "/2fa/" for _window, answer in answers) == 1
        secrets = [device.secret for device in TOTPDevice.objects.filter(user=alice)]
        assert len(set(secrets)) == len(secrets) == 2


def test_many_clicks_replace_one_code_app_once(alice: User, clock: TestClock) -> None:
    for number in range(ROUNDS):
        new_round(clock)
        old = code_app(alice, "Phone")
        owner = Client()
        sign_in(owner, alice)
        page = f"/2fa/totp/{old.pk}/replace/"
        code = shown_code(owner, page)

        answers = clicks(key_of(owner), [page] * 8, code)

        # 404: it was gone between reading the session and looking for it.
        assert {answer.status_code for _window, answer in answers} <= {302, 404}
        assert TOTPDevice.objects.get(user=alice).name == "New phone"
        assert SecurityEvent.objects.filter(slug="method.replaced").count() == number + 1
        assert sum(is_in(window) for window, _answer in answers) == 1


def test_adding_and_replacing_with_one_secret_leaves_it_once(alice: User, clock: TestClock) -> None:
    for _round in range(ROUNDS):
        new_round(clock)
        old = code_app(alice, "Phone")
        owner = Client()
        sign_in(owner, alice)
        code = shown_code(owner, ADD)

        clicks(key_of(owner), [ADD, f"/2fa/totp/{old.pk}/replace/"], code)

        secrets = [device.secret for device in TOTPDevice.objects.filter(user=alice)]
        assert len(set(secrets)) == len(secrets)


def test_the_last_place_is_taken_once(alice: User, clock: TestClock) -> None:
    """The other window is told as it would be a moment later."""
    code_app(alice, "Phone")
    for _round in range(ROUNDS):
        new_round(clock)
        for number in range(TOTPDevice.most - 1 - TOTPDevice.objects.filter(user=alice).count()):
            code_app(alice, f"App {number}")
        windows = [Client(), Client()]
        for window in windows:
            clock.advance(timedelta(seconds=31))
            sign_in(window, alice)
        codes = [shown_code(window, ADD) for window in windows]

        answers = race(2, lambda n: windows[n].post(ADD, {"code": codes[n], "name": f"Window {n}"}))  # noqa: B023

        assert TOTPDevice.objects.filter(user=alice).count() == TOTPDevice.most
        assert {answer.status_code for answer in answers} == {302}
        TOTPDevice.objects.filter(user=alice, name__startswith="Window").delete()

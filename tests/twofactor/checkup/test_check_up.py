"""Day 28: does the second step still work? Asked once, gently."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from audit.models import SecurityEvent
from tests.bed.people import code_app, sign_in, totp_code
from tests.twofactor.answers import with_backup_codes
from twofactor.models import CheckUp, TOTPDevice

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/2fa/check-up/"
QUESTION = "Does your second step still work?"


@pytest.fixture
def browser(alice: User) -> Client:
    """Alice, signed in by a browser that need not give the second step; her code app rests."""
    client = Client()
    sign_in(client, alice)
    code_app(alice)
    return client


def rest(days: float, clock: TestClock) -> None:
    TOTPDevice.objects.update(created_at=clock.now() - timedelta(days=days))


def is_asked(browser: Client) -> bool:
    return QUESTION in browser.get("/2fa/").content.decode()


@pytest.mark.parametrize(("days", "asked"), [(27.9, False), (28.1, True)])
def test_it_is_asked_after_28_days(days: float, asked: bool, browser: Client, clock: TestClock) -> None:
    rest(days, clock)

    assert is_asked(browser) == asked


def test_whoever_uses_it_is_not_asked(browser: Client, clock: TestClock) -> None:
    rest(100, clock)
    TOTPDevice.objects.update(last_used_at=clock.now() - timedelta(days=3))

    assert not is_asked(browser)


def test_nobody_without_a_second_step_is_asked(alices: Client) -> None:
    assert not is_asked(alices)
    assert alices.get(PAGE)["Location"] == "/2fa/"
    assert alices.post(PAGE)["Location"] == "/2fa/"


def test_a_real_answer_passes_it_for_good(browser: Client, clock: TestClock) -> None:
    rest(30, clock)
    device = TOTPDevice.objects.get()
    address = browser.post(PAGE)["Location"]

    answer = browser.post(address, {"code": totp_code(device)}, follow=True)

    assert "It does: last tested today" in answer.content.decode()
    assert CheckUp.objects.get().passed_at is not None
    assert SecurityEvent.objects.filter(slug="check_up.passed").count() == 1
    assert browser.post(address, {"code": totp_code(device)}).status_code == 422  # it is spent
    TOTPDevice.objects.update(last_used_at=None)
    rest(60, clock)
    assert not is_asked(browser)


def test_a_wrong_answer_passes_nothing(browser: Client, clock: TestClock) -> None:
    rest(30, clock)

    browser.post(browser.post(PAGE)["Location"], {"code": "000000"})

    assert not CheckUp.objects.exists()
    assert is_asked(browser)


def test_a_backup_code_is_no_test(alice: User, clock: TestClock) -> None:
    browser = Client()
    sign_in(browser, alice)
    answers = with_backup_codes(alice)
    rest(30, clock)
    browser.post(PAGE)

    browser.post("/confirm/?method=backup-codes", answers.right(browser))

    assert not CheckUp.objects.exists()


def test_confirming_for_something_else_is_no_test(browser: Client, clock: TestClock) -> None:
    rest(30, clock)

    browser.post("/confirm/?next=/password/", {"code": totp_code(TOTPDevice.objects.get())})

    assert not CheckUp.objects.exists()


def test_tomorrow_is_tomorrow(browser: Client, clock: TestClock, alice: User) -> None:
    rest(30, clock)
    browser.post(f"{PAGE}tomorrow/")
    today = is_asked(browser)
    clock.advance(timedelta(hours=25))
    later = Client()
    sign_in(later, alice)  # which is a use
    TOTPDevice.objects.update(last_used_at=None)

    assert not today
    assert is_asked(later)


def test_looking_changes_nothing(browser: Client, clock: TestClock) -> None:
    rest(30, clock)
    for _ in range(3):
        browser.get(PAGE)

    assert not CheckUp.objects.exists()
    assert browser.get(f"{PAGE}tomorrow/").status_code == 405

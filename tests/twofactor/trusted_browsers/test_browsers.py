"""/2fa/browsers/: the remembered browsers, and forgetting them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from audit.models import SecurityEvent
from tests.bed.people import code_app, give_password, sign_in
from tests.twofactor.trusted_browsers.remembering import (
    BROWSERS,
    is_asked,
    is_in,
    next_code,
    remembered,
    sign_in_again,
)
from twofactor.housekeeping import purge
from twofactor.models import TrustedBrowser

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db


def test_it_says_which_and_until_when(home: Client, alice: User, clock: TestClock) -> None:
    next_code(clock)
    remembered(alice, HTTP_USER_AGENT="Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) Version/18.5 Safari/604.1")

    page = home.get(BROWSERS).content.decode()

    until = TrustedBrowser.objects.earliest("pk").expires_at
    assert "Firefox on Linux" in page
    assert "iOS" in page
    assert f"Skips the second step until {until:%-d %B %Y}" in page
    assert page.count("This browser") == 1


def test_without_one_it_says_so(alices: Client) -> None:
    assert "No browser skips the second step." in alices.get(BROWSERS).content.decode()


def test_forgetting_one_leaves_the_other(home: Client, alice: User, clock: TestClock) -> None:
    next_code(clock)
    other = remembered(alice)
    first = TrustedBrowser.objects.earliest("pk")

    answer = other.post(f"{BROWSERS}{first.pk}/forget/")

    assert answer.headers["Location"] == BROWSERS
    assert is_in(home)  # forgetting is not signing out
    assert is_asked(sign_in_again(home, alice))
    assert not is_asked(sign_in_again(other, alice))
    assert SecurityEvent.objects.get(slug="browser.forgotten").details == {"name": "Firefox on Linux"}


def test_forgetting_all(home: Client, alice: User, clock: TestClock) -> None:
    next_code(clock)
    other = remembered(alice)

    home.post(f"{BROWSERS}forget/")

    assert is_asked(sign_in_again(home, alice))
    assert is_asked(sign_in_again(other, alice))
    assert not TrustedBrowser.objects.of(alice).exists()


def test_forgetting_twice_is_recorded_once(home: Client) -> None:
    pk = TrustedBrowser.objects.get().pk
    statuses = [home.post(f"{BROWSERS}{pk}/forget/").status_code for _ in range(2)]

    assert statuses == [302, 404]
    assert SecurityEvent.objects.filter(slug="browser.forgotten").count() == 1


def test_somebody_else_s_browser_is_not_there_se_06(home: Client, charlie: User) -> None:
    stranger = Client()
    code_app(charlie)
    sign_in(stranger, charlie)
    pk = TrustedBrowser.objects.get().pk

    assert stranger.post(f"{BROWSERS}{pk}/forget/").status_code == 404
    assert "Firefox" not in stranger.get(BROWSERS).content.decode()
    assert TrustedBrowser.objects.get().ended_at is None
    assert is_in(home)


@pytest.mark.parametrize("page", [f"{BROWSERS}{{pk}}/forget/", f"{BROWSERS}forget/", "/2fa/every-time/"])
def test_a_session_that_skipped_the_second_step_may_not_change_it_ac_01(home: Client, alice: User, page: str) -> None:
    sign_in_again(home, alice)
    address = page.format(pk=TrustedBrowser.objects.get().pk)

    assert home.post(address, {"wanted": "off"}).headers["Location"].startswith("/confirm/?next=")
    assert not is_asked(sign_in_again(home, alice))


@pytest.mark.parametrize("page", [f"{BROWSERS}forget/", f"{BROWSERS}1/forget/", "/2fa/every-time/"])
def test_looking_changes_nothing(home: Client, page: str) -> None:
    assert home.get(page).status_code == 405


def test_one_that_is_over_is_not_listed_and_goes_after_90_days(home: Client, alice: User, clock: TestClock) -> None:
    clock.advance(timedelta(days=30, minutes=1))
    give_password(home, alice)
    assert not TrustedBrowser.objects.of(alice).exists()
    clock.advance(timedelta(days=89))
    purge()
    kept = TrustedBrowser.objects.count()
    clock.advance(timedelta(days=1))
    purge()

    assert (kept, TrustedBrowser.objects.count()) == (1, 0)

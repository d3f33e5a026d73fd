"""A copied cookie: whoever comes second shows an old token, and neither of the two stays in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from accounts.models import Session
from audit.models import SecurityEvent
from tests.bed.people import give_password
from tests.twofactor.trusted_browsers.remembering import (
    FIREFOX,
    cookie_of,
    is_asked,
    is_in,
    remembered,
    sign_in_again,
    with_cookie,
)
from twofactor.models import TrustedBrowser
from twofactor.trusted_browsers.models import Ending

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from django.test import Client

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def thief(home: Client) -> Client:
    """Somebody who knows the password and has copied the cookie."""
    return with_cookie(cookie_of(home), REMOTE_ADDR="198.51.100.9")


def was_found() -> bool:
    return SecurityEvent.objects.filter(slug="browser.stolen").exists()


def test_the_thief_came_first(home: Client, thief: Client, alice: User, clock: TestClock) -> None:
    stolen = not is_asked(give_password(thief, alice))
    clock.advance(MINUTE)

    answer = sign_in_again(home, alice)

    assert stolen
    assert is_asked(answer)
    assert not is_in(thief)
    assert not is_in(home)
    assert was_found()


def test_the_owner_came_first(home: Client, thief: Client, alice: User, clock: TestClock) -> None:
    sign_in_again(home, alice)
    clock.advance(MINUTE)

    assert is_asked(give_password(thief, alice))
    assert not is_in(thief)
    assert not is_in(home)
    assert was_found()


def test_the_browser_in_which_it_was_remembered_is_out_as_well(
    home: Client, thief: Client, alice: User, clock: TestClock
) -> None:
    """Its session was proved by a code, but the cookie was copied there."""
    elsewhere = with_cookie(cookie_of(home))
    give_password(thief, alice)
    clock.advance(MINUTE)
    give_password(elsewhere, alice)

    assert not is_in(home)
    assert Session.objects.filter(user=alice, ended_by="browser_stolen").count() == 2


def test_afterwards_neither_cookie_is_worth_anything(
    home: Client, thief: Client, alice: User, clock: TestClock
) -> None:
    give_password(thief, alice)
    clock.advance(MINUTE)
    sign_in_again(home, alice)
    row = TrustedBrowser.objects.get()

    assert (row.ended_by, row.ended_at is not None) == (Ending.STOLEN, True)
    assert cookie_of(home) == ""
    assert is_asked(give_password(with_cookie(cookie_of(thief)), alice))


def test_the_owner_is_told_once(
    home: Client,
    thief: Client,
    alice: User,
    clock: TestClock,
    outbox: Callable[[], list[EmailMultiAlternatives]],
) -> None:
    old = cookie_of(thief)
    give_password(thief, alice)
    clock.advance(MINUTE)
    sign_in_again(home, alice)
    for _ in range(3):
        give_password(with_cookie(old), alice)

    told = [mail for mail in outbox() if "A copy of your remembered browser was used" in mail.subject]
    assert len(told) == 1
    assert "/not-me/" in str(told[0].body)
    assert "A copy of your remembered browser was used" in remembered(alice).get("/activity/").content.decode()


def test_a_token_from_long_ago_is_found_too(home: Client, alice: User, clock: TestClock) -> None:
    first = cookie_of(home)
    for _ in range(5):
        clock.advance(MINUTE)
        sign_in_again(home, alice)

    assert is_asked(give_password(with_cookie(first), alice))
    assert was_found()


def test_without_the_password_a_copy_ends_nothing(home: Client, thief: Client, alice: User, clock: TestClock) -> None:
    """Else whoever has once seen a cookie could sign its owner out."""
    sign_in_again(home, alice)
    clock.advance(MINUTE)
    thief.post("/login/", {"login": alice.email, "password": "Wrong-Trams-Cross-The-Bri-72"})

    assert is_in(home)
    assert not was_found()


def test_other_sessions_of_the_person_go_on(home: Client, thief: Client, alice: User, clock: TestClock) -> None:
    clock.advance(MINUTE)
    office = remembered(alice, HTTP_USER_AGENT=FIREFOX)
    give_password(thief, alice)
    clock.advance(MINUTE)
    sign_in_again(home, alice)

    assert was_found()
    assert is_in(office)
    assert not is_asked(sign_in_again(office, alice))


# ── Tabs ──
def test_two_tabs_one_after_the_other_are_both_in(home: Client, alice: User, clock: TestClock) -> None:
    clock.stop()
    home.post("/logout/")
    tab = with_cookie(cookie_of(home))
    give_password(home, alice)
    clock.advance(timedelta(seconds=30))

    assert not is_asked(give_password(tab, alice))
    assert is_in(home)
    assert is_in(tab)
    assert not was_found()


def test_the_second_tab_brings_no_token_so_the_first_one_s_stays(home: Client, alice: User, clock: TestClock) -> None:
    home.post("/logout/")
    tab = with_cookie(cookie_of(home))
    give_password(home, alice)
    answer = give_password(tab, alice)
    clock.advance(MINUTE)

    assert "browser" not in answer.cookies
    assert not is_asked(sign_in_again(home, alice))


def test_after_half_a_minute_the_old_token_is_an_old_token(home: Client, alice: User, clock: TestClock) -> None:
    clock.stop()
    home.post("/logout/")
    tab = with_cookie(cookie_of(home))
    give_password(home, alice)
    clock.advance(timedelta(seconds=31))

    assert is_asked(give_password(tab, alice))
    assert was_found()


@pytest.mark.parametrize(("jump", "is_taken"), [(-20, True), (-40, False), (20, True), (3600, False), (-86400, False)])
def test_the_half_minute_holds_in_both_directions(
    home: Client, alice: User, clock: TestClock, jump: int, *, is_taken: bool
) -> None:
    """Machines differ by seconds; a clock that is set back must not keep an old token alive."""
    clock.advance(timedelta(days=2))
    home.post("/logout/")
    tab = with_cookie(cookie_of(home))
    clock.stop()
    give_password(home, alice)
    clock.advance(timedelta(seconds=jump))

    assert is_asked(give_password(tab, alice)) is not is_taken


def test_two_tokens_ago_is_no_tab(home: Client, alice: User) -> None:
    first = cookie_of(home)
    sign_in_again(home, alice)
    sign_in_again(home, alice)

    assert is_asked(give_password(with_cookie(first), alice))
    assert was_found()


def test_a_failure_after_the_token_has_changed_brings_no_new_one(
    home: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the database has taken back the browser must not get: its next sign-in would look like a theft."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError

    home.post("/logout/")
    home.raise_request_exception = False
    before = cookie_of(home)
    with monkeypatch.context() as patched:
        patched.setattr("accounts.login.actions.record", fail)
        answer = give_password(home, alice)

    assert answer.status_code == 500
    assert cookie_of(home) == before
    assert not is_asked(give_password(home, alice))

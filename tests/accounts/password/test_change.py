"""Changing the password (SE-02, AC-01, AC-07, AC-08)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.login.models import LoginAttempt
from accounts.sessions.models import Session
from accounts.user.models import User
from audit.models import SecurityEvent
from tests.accounts.browsers import browser_with, guess, is_in, key_of
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from tests.bed.race import race

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from django.http import HttpResponse

    from tests.bed.clock import TestClock

NEW = "Seven-Green-Bottles-Hang-Low-3"


def change(client: Client, password: str = NEW, current: str = PASSWORD) -> HttpResponse:
    return client.post("/password/", {"current_password": current, "password": password})


def opens(user: User, password: str) -> bool:
    return guess(Client(), user, password).status_code == 302


def test_the_page_shows(alices: Client) -> None:
    assert alices.get("/password/").status_code == 200


def test_a_visitor_is_sent_to_sign_in() -> None:
    assert change(Client()).headers["Location"] == "/login/?next=/password/"


def test_the_new_password_works_and_the_old_one_does_not(alice: User, alices: Client) -> None:
    answer = change(alices)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/password/")
    assert opens(alice, NEW)
    assert not opens(alice, PASSWORD)


def test_this_browser_stays_signed_in_under_a_new_key_and_all_others_are_out(alice: User, alices: Client) -> None:
    others = [Client(), Client()]
    for other in others:
        sign_in(other, alice)
    key = key_of(alices)

    change(alices)

    assert is_in(alices)
    assert key_of(alices) != key
    assert not is_in(browser_with(key))
    assert not any(is_in(other) for other in others)
    assert set(Session.objects.exclude(ended_at=None).values_list("ended_by", "data")) == {("password_changed", "")}


def test_other_people_stay_signed_in(alices: Client, bob: User) -> None:
    bobs = Client()
    sign_in(bobs, bob)

    change(alices)

    assert is_in(bobs)


def test_a_sign_in_that_waits_for_its_second_step_dies(alice: User) -> None:
    device = code_app(alice)
    mine, waiting = Client(), Client()
    sign_in(mine, alice)
    give_password(waiting, alice)
    device.refresh_from_db()
    device.last_step = -1
    device.save()

    change(mine)
    answer = waiting.post("/login/verify/totp/", {"code": totp_code(device)})

    assert answer.headers["Location"] == "/login/"
    assert not is_in(waiting)
    assert not LoginAttempt.objects.pending().exists()


@pytest.mark.parametrize("current", ["", "wrong", PASSWORD.lower(), NEW])
def test_without_the_present_password_nothing_changes(alice: User, alices: Client, current: str) -> None:
    answer = change(alices, current=current)

    assert answer.status_code == 422
    assert NEW not in answer.content.decode()
    assert opens(alice, PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "alice@alpina.example", "x" * 1025, "password12345"])
def test_a_bad_new_password_is_refused(alice: User, alices: Client, password: str) -> None:
    answer = change(alices, password)

    assert answer.status_code == 422
    assert opens(alice, PASSWORD)


def test_guessing_the_present_password_here_is_limited(alices: Client) -> None:
    """The fifth wrong one ends sudo: from then on the page asks to confirm first."""
    statuses = [change(alices, current=f"wrong {number}").status_code for number in range(7)]

    assert statuses == [422] * 5 + [302] * 2


def test_it_is_recorded_and_its_owner_told(
    alice: User, alices: Client, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    change(alices)

    mails = outbox()
    assert SecurityEvent.objects.get(slug="password.changed").user == alice
    assert [mail.to for mail in mails] == [[alice.email]]
    assert NEW not in mails[0].body


def test_a_refused_change_tells_nobody(alices: Client, outbox: Callable[[], list[EmailMultiAlternatives]]) -> None:
    change(alices, current="wrong")

    assert outbox() == []


# ── Confirmed a moment ago (AC-01) ──
def test_after_15_minutes_one_confirms_first(alice: User, alices: Client, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=15, seconds=1))

    answer = change(alices)

    assert answer.headers["Location"] == "/confirm/?next=%2Fpassword%2F"
    assert opens(alice, PASSWORD)


# ── At the same instant ──
@pytest.mark.django_db(transaction=True)
def test_of_two_browsers_at_the_same_instant_one_wins_and_stays(alice: User) -> None:
    browsers = [Client(), Client(), Client(), Client()]
    for browser in browsers:
        browser.raise_request_exception = False
        sign_in(browser, alice)

    statuses = race(4, lambda number: change(browsers[number], f"{NEW}-{number}").status_code)

    assert all(status < 500 for status in statuses), statuses
    assert sum(is_in(browser) for browser in browsers) == 1
    winner = next(number for number, browser in enumerate(browsers) if is_in(browser))
    assert User.objects.get().check_password(f"{NEW}-{winner}")
    assert SecurityEvent.objects.filter(slug="password.changed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_with_the_old_password_during_the_change_does_not_last(alice: User) -> None:
    mine = Client()
    sign_in(mine, alice)
    late = [Client() for _ in range(4)]  # with the change five, all of which reach the password: none is told to wait
    for client in late:
        client.raise_request_exception = False

    race(5, lambda number: (give_password(late[number - 1], alice) if number else change(mine)).status_code)

    assert is_in(mine)
    assert not any(is_in(client) for client in late)


def test_password_managers_find_the_page(alices: Client) -> None:
    assert alices.get("/.well-known/change-password").headers["Location"] == "/password/"

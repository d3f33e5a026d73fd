"""Many tabs, one token, one instant: none of them is a thief; and whoever is found is found once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from accounts.models import Session
from audit.models import SecurityEvent
from lib.models import Counter
from tests.bed.people import code_app, give_password
from tests.bed.race import race, rounds, threads
from tests.bed.visitor import Visitor
from tests.twofactor.trusted_browsers.remembering import (
    BROWSERS,
    cookie_of,
    is_asked,
    is_in,
    remembered,
    with_cookie,
)
from twofactor.models import TOTPDevice, TrustedBrowser

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = threads(32)
ROUNDS = rounds(10)
MINUTE = timedelta(minutes=1)


def thefts() -> int:
    return SecurityEvent.objects.filter(slug="browser.stolen").count()


def test_tabs_that_sign_in_at_once_are_all_in_and_one_brings_the_next_token(home: Client, alice: User) -> None:
    token = cookie_of(home)
    for _round in range(ROUNDS):
        tabs = [with_cookie(token) for _ in range(THREADS)]

        answers = race(THREADS, lambda number: give_password(tabs[number], alice))  # noqa: B023

        assert not any(is_asked(answer) for answer in answers)
        fresh = {answer.cookies["browser"].value for answer in answers if "browser" in answer.cookies}
        assert len(fresh) == 1
        token = fresh.pop()
    assert thefts() == 0


def test_a_theft_is_found_once_and_nobody_slips_through(alice: User, clock: TestClock) -> None:
    """Half of them show the present token, half an old one. Whoever was let in a moment before is out again."""
    code_app(alice)
    for number in range(ROUNDS):
        clock.advance(2 * MINUTE)
        owner = remembered(alice)
        old = cookie_of(owner)
        owner.post("/logout/")
        give_password(owner, alice)
        row = TrustedBrowser.objects.latest("pk")
        clock.advance(MINUTE)
        crowd = [with_cookie(old if place % 2 else cookie_of(owner)) for place in range(THREADS)]

        race(THREADS, lambda place: give_password(crowd[place], alice))  # noqa: B023

        row.refresh_from_db()
        assert row.ended_by == "stolen"
        assert thefts() == number + 1
        assert not any(map(is_in, [owner, *crowd]))
        assert not Session.objects.filter(browser_digest=row.series_digest, ended_at=None).exists()
        TOTPDevice.objects.update(last_step=-1)


def test_forgetting_against_signing_in_leaves_it_forgotten(alice: User, clock: TestClock) -> None:
    code_app(alice)
    for _round in range(ROUNDS):
        clock.advance(2 * MINUTE)
        TOTPDevice.objects.update(last_step=-1)
        owner = remembered(alice)
        browser = TrustedBrowser.objects.latest("pk")
        tab = with_cookie(cookie_of(owner))

        def act(number: int) -> int:
            if number == 0:
                return owner.post(f"{BROWSERS}{browser.pk}/forget/").status_code  # noqa: B023
            return give_password(tab, alice).status_code  # noqa: B023

        assert race(2, act) == [302, 302]
        assert is_asked(give_password(with_cookie(cookie_of(tab)), alice))
    assert thefts() == 0


def test_asking_every_time_against_remembering_leaves_none(alice: User, clock: TestClock) -> None:
    code_app(alice)
    for _round in range(ROUNDS):
        clock.advance(2 * MINUTE)
        TOTPDevice.objects.update(last_step=-1)
        owner = remembered(alice)
        tab = with_cookie(cookie_of(owner))

        def act(number: int) -> int:
            if number == 0:
                return owner.post("/2fa/every-time/", {"wanted": "on"}).status_code  # noqa: B023
            return give_password(tab, alice).status_code  # noqa: B023

        assert race(2, act) == [302, 302]
        assert not TrustedBrowser.objects.of(alice).exists()
        assert is_asked(give_password(with_cookie(cookie_of(tab)), alice))
        owner.post("/2fa/every-time/", {"wanted": "off"})
    assert thefts() == 0


def test_over_http_one_of_many_tabs_brings_the_next_token(gunicorn_url: str, home: Client, alice: User) -> None:
    token = cookie_of(home)
    for _round in range(ROUNDS):
        tabs = [
            Visitor(gunicorn_url, cookies={**Visitor(gunicorn_url).cookies, "browser": token})
            for _ in range(threads(16))
        ]

        answers = race(len(tabs), lambda number: tabs[number].give_password(alice))  # noqa: B023

        assert [answer.location for answer in answers].count("/login/verify/") == 0
        fresh = {tab.cookies["browser"] for tab in tabs} - {token}
        assert len(fresh) == 1
        token = fresh.pop()
        Counter.objects.all().delete()
    assert thefts() == 0

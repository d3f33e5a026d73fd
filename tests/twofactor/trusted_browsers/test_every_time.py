"""The switch "Ask for the second step every time I open my browser"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import Session
from audit.models import SecurityEvent
from tests.bed.people import code_app, give_password, sign_in, totp_code
from tests.twofactor.trusted_browsers.remembering import (
    CODE_PAGE,
    cookie_of,
    is_asked,
    is_in,
    next_code,
    remembered,
    sign_in_again,
)
from twofactor.models import TOTPDevice, TrustedBrowser

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from django.http import HttpResponse

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/2fa/every-time/"


def is_brief(client: Client) -> bool:
    """Whether the session's cookie goes when the browser is closed."""
    return bool(client.cookies["session"]["max-age"] == "")


def switch(client: Client, wanted: str) -> HttpResponse:
    return client.post(PAGE, {"wanted": wanted})


def test_at_first_a_cookie_lasts_as_long_as_the_session(home: Client) -> None:
    assert home.cookies["session"]["max-age"] == 24 * 3600


def test_this_browser_s_cookie_goes_with_it_from_this_answer_on(home: Client) -> None:
    answer = switch(home, "on")

    assert answer.status_code == 302
    assert answer.cookies["session"]["max-age"] == ""
    assert is_in(home)


def test_every_other_browser_hears_with_its_next_answer_and_once(home: Client, alice: User, clock: TestClock) -> None:
    next_code(clock)
    other = Client()
    sign_in(other, alice)
    key = other.cookies["session"].value
    switch(home, "on")

    first, second = other.get("/2fa/"), other.get("/2fa/")

    assert first.cookies["session"]["max-age"] == ""
    assert first.cookies["session"].value == key
    assert "session" not in second.cookies


def test_the_next_sign_in_and_the_next_key_are_brief_too(home: Client, alice: User, clock: TestClock) -> None:
    switch(home, "on")
    next_code(clock)
    other = Client()
    sign_in(other, alice)
    at_sign_in = is_brief(other)
    next_code(clock)
    other.post("/confirm/", {"code": totp_code(TOTPDevice.objects.get(user=alice))})

    assert at_sign_in
    assert is_brief(other)
    assert is_in(other)


def test_a_visitor_s_and_other_people_s_cookies_stay_as_they_were(home: Client, bob: User) -> None:
    switch(home, "on")
    bobs = Client()
    sign_in(bobs, bob)

    assert not is_brief(bobs)


def test_remembered_browsers_end_and_none_is_added(home: Client, alice: User, clock: TestClock) -> None:
    next_code(clock)
    other = remembered(alice)
    switch(home, "on")
    asked = is_asked(sign_in_again(other, alice))
    page = other.get(CODE_PAGE).content.decode()
    next_code(clock)
    other.post(CODE_PAGE, {"code": totp_code(TOTPDevice.objects.get(user=alice)), "remember_browser": "on"})

    assert asked
    assert "remember_browser" not in page
    assert is_in(other)
    assert is_asked(sign_in_again(other, alice))
    assert set(TrustedBrowser.objects.values_list("ended_by", flat=True)) == {"every_time"}


def test_off_again_cookies_last_and_what_was_remembered_stays_forgotten(
    home: Client, alice: User, clock: TestClock
) -> None:
    other = Client()
    next_code(clock)
    sign_in(other, alice)
    old = cookie_of(home)
    switch(home, "on")
    other.get("/2fa/")
    switch(home, "off")
    other.get("/2fa/")

    assert not is_brief(home)
    assert not is_brief(other)
    assert cookie_of(home) == old
    assert is_asked(sign_in_again(home, alice))


def test_on_off_and_on_again_is_on(home: Client) -> None:
    for wanted in ("on", "off", "on"):
        switch(home, wanted)

    assert is_brief(home)
    assert Session.objects.get(ended_at=None).ends_with_browser


def test_the_page_shows_how_it_stands(home: Client) -> None:
    before = home.get("/2fa/").content.decode()
    switch(home, "on")
    after = home.get("/2fa/").content.decode()

    assert 'aria-checked="false"' in before
    assert 'aria-checked="true"' in after


def test_its_owner_is_told_once_of_each_change(
    home: Client, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    for wanted in ("on", "on", "off", "off"):
        switch(home, wanted)

    assert [mail.subject for mail in outbox()] == [
        "The second step is asked for every time you open your browser",
        "The second step is not asked for every time you open your browser any more",
    ]


@pytest.mark.parametrize("wanted", ["", "ON", "true", "0", "\x00", "on\r\n", "é" * 300])
def test_anything_else_changes_nothing(home: Client, alice: User, wanted: str) -> None:
    switch(home, "on")

    assert switch(home, wanted).status_code == 400
    assert home.post(PAGE).status_code == 400
    alice.refresh_from_db()
    assert alice.asks_every_time
    assert SecurityEvent.objects.filter(slug="every_time.off").count() == 0


def test_a_session_that_has_ended_meanwhile_does_not_come_back(home: Client, alice: User, clock: TestClock) -> None:
    next_code(clock)
    other = Client()
    sign_in(other, alice)
    switch(home, "on")
    Session.objects.filter(user=alice).update(ended_at=clock.now())

    assert not is_in(other)
    assert other.get("/2fa/").status_code == 302


def test_without_it_nobody_is_asked_less(alice: User) -> None:
    code_app(alice)

    assert is_asked(give_password(Client(), alice))

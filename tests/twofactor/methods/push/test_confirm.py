"""Approving on the phone before something sensitive."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.twofactor.methods.push.phones import PAGE, linked_phone, number_in, waiting
from twofactor.methods.push.models import PushRequest

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.phone import Phone

pytestmark = pytest.mark.django_db
CONFIRM = "/confirm/?method=push&next=/2fa/totp/add/"
SEND = "/confirm/push/send/?next=/2fa/totp/add/"


@pytest.fixture
def stale(alice: User, clock: TestClock) -> tuple[Phone, Client]:
    """Alice, signed in by her phone sixteen minutes ago."""
    phone, browser = linked_phone(alice), waiting(alice)
    phone.yes(phone.pending()[0], number_in(browser))
    browser.post(PAGE)
    clock.advance(timedelta(minutes=16))
    return phone, browser


def test_a_get_sends_nothing_and_a_post_does(stale: tuple[Phone, Client]) -> None:
    phone, browser = stale

    page = browser.get(CONFIRM).content.decode()
    assert "Send a request" in page
    assert phone.pending() == []
    sent = browser.post(SEND)

    assert sent.headers["Location"] == "/confirm/?method=push&next=%2F2fa%2Ftotp%2Fadd%2F"
    [request] = phone.pending()
    assert request["context"]["purpose"] == "confirm"


def test_the_right_number_confirms_and_leads_on(stale: tuple[Phone, Client]) -> None:
    phone, browser = stale
    browser.post(SEND)

    phone.yes(phone.pending()[0], number_in(browser, CONFIRM))
    done = browser.post(CONFIRM)

    assert done.headers["Location"] == "/2fa/totp/add/"
    assert browser.get("/2fa/totp/add/").status_code == 200


def test_too_early_or_denied_confirms_nothing(stale: tuple[Phone, Client]) -> None:
    phone, browser = stale
    browser.post(SEND)
    assert browser.post(CONFIRM).status_code == 422
    phone.no(phone.pending()[0], "mistake")

    assert browser.post(CONFIRM).status_code == 422
    assert browser.get("/2fa/totp/add/").status_code == 302


def test_not_me_ends_the_session_that_asked(stale: tuple[Phone, Client]) -> None:
    phone, browser = stale
    browser.post(SEND)

    phone.no(phone.pending()[0], "not_me")

    assert browser.get("/2fa/").headers["Location"].startswith("/login/")


def test_an_approval_to_confirm_signs_nobody_in(stale: tuple[Phone, Client], alice: User) -> None:
    """An answer to one question must not serve another."""
    phone, browser = stale
    browser.post(SEND)
    phone.yes(phone.pending()[0], number_in(browser, CONFIRM))
    other = waiting(alice)

    assert other.post(PAGE).status_code == 422
    assert PushRequest.objects.filter(state="approved").exists()


def test_the_way_to_the_code_keeps_where_it_leads(stale: tuple[Phone, Client]) -> None:
    _phone, browser = stale

    page = browser.get(CONFIRM).content.decode()

    assert 'href="?method=totp&amp;next=%2F2fa%2Ftotp%2Fadd%2F">Enter the 6-digit code from the app' in page


def test_it_does_not_speak_of_a_sign_in(stale: tuple[Phone, Client]) -> None:
    phone, browser = stale
    browser.post(SEND)
    phone.yes(phone.pending()[0], number_in(browser, CONFIRM))
    approved = browser.get(CONFIRM).content.decode()
    browser.post(CONFIRM)
    browser.post(SEND)
    phone.no(phone.pending()[0], "mistake")
    denied = browser.get(CONFIRM).content.decode()

    assert "<strong>Approved.</strong>" in approved
    assert "This was blocked on your phone." in denied
    assert "You blocked" not in denied
    assert "sign-in" not in main_of(approved) + main_of(denied)
    assert "Signing" not in main_of(approved) + main_of(denied)


def test_it_says_that_another_request_is_waiting(stale: tuple[Phone, Client], alice: User) -> None:
    _phone, browser = stale
    waiting(alice, REMOTE_ADDR="198.51.100.7")

    page = browser.get(CONFIRM).content.decode()

    assert "Another request is waiting on your phone." in page


def main_of(page: str) -> str:
    """What is the page's own: not the account's menu, nor the help below every list of ways."""
    return page.partition("<main")[2].partition('id="others"')[0]

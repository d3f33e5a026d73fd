"""A phone is tried out: a request as any other, whose answer leads to nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from audit.models import SecurityEvent
from messaging.actions import deliver, sweep
from tests.bed import push_service
from tests.bed.people import give_password, sign_in
from tests.twofactor.methods.push.phones import (
    PAGE,
    another,
    device_of,
    is_in,
    linked_phone,
    new_phone,
    number_in,
    open_requests,
    trial_of,
    waiting,
)
from tests.twofactor.methods.push.test_link import PAGE as LINK
from tests.twofactor.methods.push.test_link import code_in
from twofactor.challenge.asked import Purpose
from twofactor.methods.push.limits import MOST_TRIALS
from twofactor.methods.push.models import Approval, PushRequest
from twofactor.methods.push.trial import asked_by_phone

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.phone import Phone

pytestmark = pytest.mark.django_db
CONFIRM = "/confirm/?method=push&next=/2fa/totp/add/"


@pytest.fixture
def at_home(alice: User) -> tuple[Phone, Client]:
    """Alice's phone, and the browser that her phone has signed in."""
    phone, browser = linked_phone(alice), waiting(alice)
    phone.yes(phone.pending()[0], number_in(browser))
    assert browser.post(PAGE).status_code == 302
    return phone, browser


def approved(phone: Phone, browser: Client) -> None:
    browser.post(trial_of(phone))
    [request] = phone.pending()
    assert request["context"]["purpose"] == "trial"
    assert phone.yes(request, number_in(browser, trial_of(phone))).body["state"] == "approved"


def text_of(browser: Client, phone: Phone) -> str:
    return str(browser.get(trial_of(phone)).content.decode())


# ── The way ──
def test_after_linking_the_computer_tries_the_phone_and_goes_on_to_the_codes(alices: Client) -> None:
    phone = new_phone()
    check = phone.link("Pixel 8", pairing=code_in(alices)).body["check"]

    page = alices.post(LINK, {"number": check}, follow=True)
    phone.state()
    [request] = phone.pending()
    number = number_in(alices, trial_of(phone))
    reply = phone.yes(request, number)

    text = page.content.decode()
    assert "“<bdi>Pixel 8</bdi>” is linked. Now let’s test it." in text
    assert "Skip the test" in text
    assert 'href="/2fa/backup-codes/"' in text
    assert 'class="stepper"' in text
    assert 'class="nav"' not in text
    assert reply.body["state"] == "approved"
    done = alices.get(f"{trial_of(phone)}?next=/2fa/backup-codes/").content.decode()
    assert "Continue" in done
    assert "<ol" in alices.get("/2fa/backup-codes/").content.decode(), "the codes are still to be shown"


def test_the_page_of_a_phone_offers_it_and_a_get_sends_nothing(at_home: tuple[Phone, Client]) -> None:
    phone, browser = at_home
    page = browser.get(f"/2fa/push/{device_of(phone).pk}/").content.decode()

    assert "Send a test request" in page
    assert "Turn off this phone" in page
    assert "Remove this method" not in page
    assert "It signs nobody in." in text_of(browser, phone)
    assert "is linked" not in text_of(browser, phone), "it was long ago: the phone has signed in since"
    assert 'class="stepper"' not in text_of(browser, phone)
    assert 'class="nav"' in text_of(browser, phone)
    assert phone.pending() == []
    assert browser.post(trial_of(phone)).headers["Location"] == f"{trial_of(phone)}?next=%2F2fa%2F"
    assert len(phone.pending()) == 1


def test_whoever_comes_from_elsewhere_is_not_sent_away(at_home: tuple[Phone, Client]) -> None:
    phone, browser = at_home

    page = browser.get(f"{trial_of(phone)}?next=https://evil.example/").content.decode()
    sent = browser.post(f"{trial_of(phone)}?next=https://evil.example/")

    assert 'href="https://evil.example' not in page
    assert "evil.example" not in sent.headers["Location"]


def test_a_phone_tries_itself_out_and_is_told_the_number(alice: User) -> None:
    phone = linked_phone(alice)

    told = phone.try_out()
    [request] = phone.pending()
    reply = phone.yes(request, told.body["number"])

    assert (told.status, told.body["id"]) == (201, request["id"])
    assert reply.body["state"] == "approved"


def test_only_the_phone_that_is_tried_is_asked(alice: User) -> None:
    with push_service.running() as one, push_service.running() as two:
        phone, tablet = linked_phone(alice, one), linked_phone(alice, two, "Tablet")
        told = phone.try_out().body
        sweep(deliver)

    assert (len(one.taken), len(two.taken)) == (1, 0)
    assert tablet.pending() == []
    [request] = phone.pending()
    assert tablet.yes(request, told["number"]).status == 404


# ── Wrong, no, late ──
def test_a_wrong_number_is_told_kindly_and_can_be_tried_again(at_home: tuple[Phone, Client], alice: User) -> None:
    phone, browser = at_home
    browser.post(trial_of(phone))
    [request] = phone.pending()
    wrong = another(number_in(browser, trial_of(phone)))

    assert phone.yes(request, wrong).body["code"] == "wrong_number"

    page = text_of(browser, phone)
    assert "No harm done" in page
    assert "Send again" in page
    assert "Skip the test" in page
    assert not SecurityEvent.objects.filter(user=alice, slug="second_factor.failed").exists()
    approved(phone, browser)


@pytest.mark.parametrize("reason", ["", "mistake", "not_me"])
def test_a_no_blocks_nothing_and_ends_nothing(reason: str, at_home: tuple[Phone, Client], alice: User) -> None:
    phone, browser = at_home
    before = SecurityEvent.objects.filter(user=alice).count()
    browser.post(trial_of(phone))
    [request] = phone.pending()

    assert phone.no(request, reason).body["state"] == "denied"
    assert phone.no(request, "not_me").body["code"] == "answered"

    assert "You said no on your phone." in text_of(browser, phone)
    assert is_in(browser)
    assert SecurityEvent.objects.filter(user=alice).count() == before
    approved(phone, browser)
    waiting(alice)
    assert phone.pending()[0]["context"]["purpose"] == "sign_in"


def test_it_runs_out_like_any_other(at_home: tuple[Phone, Client], clock: TestClock) -> None:
    phone, browser = at_home
    browser.post(trial_of(phone))
    [request] = phone.pending()
    number = number_in(browser, trial_of(phone))

    clock.advance(timedelta(seconds=121))

    assert phone.yes(request, number).body["code"] == "expired"
    assert "The number ran out." in text_of(browser, phone)


# ── It leads to nothing ──
def test_an_approved_trial_signs_nobody_in(at_home: tuple[Phone, Client], alice: User) -> None:
    phone, browser = at_home
    approved(phone, browser)
    other = waiting(alice)
    assert other.post(PAGE).status_code == 422
    assert not is_in(other)

    browser.post("/logout/")
    assert not is_in(browser)
    give_password(browser, alice)

    assert browser.post(PAGE).status_code == 422
    assert not is_in(browser)
    assert PushRequest.objects.trials().get().state == "approved"


def test_an_approved_trial_confirms_nothing(at_home: tuple[Phone, Client], clock: TestClock) -> None:
    phone, browser = at_home
    clock.advance(timedelta(minutes=16))
    approved(phone, browser)

    assert browser.post(CONFIRM).status_code == 422
    assert browser.get("/2fa/totp/add/").status_code == 302
    assert PushRequest.objects.trials().get().state == "approved"


def test_no_device_takes_it_for_an_answer_whoever_asks(at_home: tuple[Phone, Client], alice: User) -> None:
    """Not even one that is asked for exactly this trial."""
    phone, browser = at_home
    approved(phone, browser)
    trial = PushRequest.objects.trials().get()
    PushRequest.objects.trials().update(browser="here")
    asked = asked_by_phone(device_of(phone), trial.origin)

    for purpose in Purpose:
        question = type(asked)(user=alice, purpose=purpose, browser="here", origin=trial.origin)
        assert not device_of(phone).accepts(Approval(question))


def test_it_is_of_one_browsers_session_and_one_persons_phone(
    at_home: tuple[Phone, Client], alice: User, bob: User
) -> None:
    phone, browser = at_home
    browser.post(trial_of(phone))
    assert number_in(browser, trial_of(phone))
    other, bobs = Client(), Client()
    sign_in(bobs, bob)
    sign_in_by_code(other, alice, phone)

    assert 'class="plate"' not in text_of(other, phone)
    assert bobs.get(trial_of(phone)).status_code == 404
    assert bobs.post(trial_of(phone)).status_code == 404
    assert bobs.get(f"{trial_of(phone)}events/").status_code == 404
    assert Client().get(trial_of(phone)).headers["Location"].startswith("/login/")


def sign_in_by_code(browser: Client, user: User, phone: Phone) -> None:
    give_password(browser, user)
    assert browser.post("/login/verify/totp/", {"code": phone.code()}).status_code == 302


# ── Limits ──
def test_trials_have_a_limit_of_their_own(at_home: tuple[Phone, Client], clock: TestClock) -> None:
    phone, browser = at_home
    for _ in range(MOST_TRIALS + 2):
        browser.post(trial_of(phone))
        clock.advance(timedelta(seconds=61))
    clock.advance(timedelta(seconds=61))

    assert PushRequest.objects.trials().count() == MOST_TRIALS
    assert "That was enough tests for now." in text_of(browser, phone)
    assert phone.try_out().body["code"] == "not_now"
    clock.advance(timedelta(minutes=10))
    assert phone.try_out().status == 201


def test_they_take_no_real_requests_place_and_give_none_back(alice: User, clock: TestClock) -> None:
    phone = linked_phone(alice)
    for _ in range(MOST_TRIALS):
        request = phone.try_out().body
        phone.yes(phone.pending()[0], request["number"])

    for _ in range(5):
        waiting(alice)
        clock.advance(timedelta(seconds=121))

    assert PushRequest.objects.but_trials().count() == 3, "none fewer for the trials, and none more"


def test_a_real_request_takes_its_place_and_is_never_replaced_by_one(alice: User) -> None:
    phone = linked_phone(alice)
    phone.try_out()

    waiting(alice)

    [request] = phone.pending()
    assert request["context"]["purpose"] == "sign_in"
    assert phone.try_out().body["code"] == "not_now"
    assert open_requests(alice) == 1
    assert phone.pending()[0]["id"] == request["id"]


def test_while_requests_are_paused_there_is_no_trial(alice: User) -> None:
    phone, _browser = linked_phone(alice), waiting(alice)
    phone.no(phone.pending()[0], "not_me")

    assert phone.try_out().body["code"] == "not_now"

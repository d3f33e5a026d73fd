"""A sign-in is approved on the phone, denied there, or runs out: the whole way, with real signatures."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from audit.models import SecurityEvent
from lib import clock as product_clock
from messaging.actions import deliver, sweep
from tests.accounts.mailbox import link_in
from tests.bed import push_service
from tests.bed.people import give_password
from tests.twofactor.methods.push.phones import (
    PAGE,
    SEND,
    another,
    device_of,
    is_in,
    linked_phone,
    number_in,
    open_requests,
    waiting,
)
from twofactor.methods.push.models import PushRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from unittest.mock import Mock

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db


def test_the_right_number_signs_the_browser_in_that_asked(alice: User) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()

    reply = phone.yes(request, number_in(browser))
    answer = browser.post(PAGE)

    assert (reply.status, reply.body["state"]) == (200, "approved")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/security/")
    assert is_in(browser)
    assert SecurityEvent.objects.of(alice).first().details["method"] == "push"


def test_the_phone_is_told_what_helps_to_decide_and_never_the_number(alice: User) -> None:
    phone, browser = linked_phone(alice), waiting(alice)

    [request] = phone.pending()

    assert request["context"] == {
        "purpose": "sign_in",
        "application": "Sallyport",
        "account": "alice@alpina.example",
        "browser": "Firefox",
        "system": "Linux",
        "place": "",
        "asked_at": request["context"]["asked_at"],
        "is_new_place": False,
        "lately": 1,
    }
    assert set(request) == {"v", "iss", "aud", "id", "nonce", "context", "expires_at", "digest"}
    assert len(request["id"]) == 22
    assert len(request["nonce"]) == 64
    assert number_in(browser) not in {str(value) for value in request.values()}


def test_the_push_says_nothing_but_that_there_is_something(alice: User) -> None:
    """PU-11."""
    with push_service.running() as service:
        linked_phone(alice, service)
        waiting(alice)
        sweep(deliver)

    [push] = service.taken
    assert set(push.message) == {"v", "id"}
    assert push.message["id"] == PushRequest.objects.get().pk
    assert 0 < int(push.headers["TTL"]) <= 120


def test_every_phone_of_the_account_is_asked_and_any_may_answer(alice: User) -> None:
    with push_service.running() as one, push_service.running() as two:
        linked_phone(alice, one)
        second = linked_phone(alice, two, "Tablet")
        browser = waiting(alice)
        sweep(deliver)
    assert (len(one.taken), len(two.taken)) == (1, 1)

    [request] = second.pending()
    second.yes(request, number_in(browser))

    assert browser.post(PAGE).status_code == 302
    assert device_of(second).last_used_at is not None


def test_a_wrong_number_ends_the_request_and_counts_as_a_failed_factor(alice: User) -> None:
    """PU-03."""
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    right = number_in(browser)

    wrong = phone.yes(request, another(right))
    second = phone.yes(request, right)

    assert (wrong.status, wrong.body["code"]) == (422, "wrong_number")
    assert (second.status, second.body["code"]) == (409, "answered")
    assert phone.pending() == []
    assert "Your phone sent a different number. Start again." in browser.get(PAGE).content.decode()
    assert SecurityEvent.objects.filter(user=alice, slug="second_factor.failed").count() == 1
    assert browser.post(PAGE).status_code == 422
    assert not is_in(browser)


def test_of_all_numbers_one_is_tried(alice: User) -> None:
    """PU-03: brute force 00–99."""
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    right = number_in(browser)

    statuses = [phone.yes(request, f"{number:02d}").status for number in range(100) if f"{number:02d}" != right]

    assert statuses[0] == 422
    assert set(statuses[1:]) == {409}
    assert phone.yes(request, right).status == 409


def test_one_no_blocks_and_nothing_is_sent_for_five_minutes(alice: User, clock: TestClock) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()

    reply = phone.no(request, "mistake")

    assert (reply.status, reply.body["state"]) == (200, "denied")
    assert "secure_url" not in reply.body
    assert "This sign-in was blocked on your phone." in browser.get(PAGE).content.decode()
    browser.post(SEND)
    waiting(alice)
    assert open_requests(alice) == 0
    clock.advance(timedelta(minutes=5, seconds=1))
    browser.post(SEND)
    assert open_requests(alice) == 1


def test_a_mistake_leaves_the_other_ways_open(alice: User) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    phone.no(request, "mistake")

    assert browser.post("/login/verify/totp/", {"code": phone.code()}).status_code == 302


def test_not_me_ends_the_sign_in_and_pauses_pushes(alice: User) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()

    reply = phone.no(request, "not_me")

    assert reply.body["secure_url"] == "/password/"
    assert browser.get(PAGE).headers["Location"] == "/login/"
    assert browser.post("/login/verify/totp/", {"code": phone.code()}).headers["Location"] == "/login/"
    waiting(alice)
    assert open_requests(alice) == 0


def test_the_mail_after_not_me_leads_to_the_password(alice: User, outbox: Outbox) -> None:
    """It is read by somebody in a hurry: a subject that fits on a phone, and the one thing to do."""
    phone = linked_phone(alice)
    waiting(alice)

    phone.no(phone.pending()[0], "not_me")

    (mail,) = [mail for mail in outbox() if "blocked" in mail.subject]
    text, html = str(mail.body), str(mail.alternatives[0][0])
    assert mail.subject == "You blocked a sign-in. Change your password."
    assert "Change my password:\nhttp://localhost:8000/password/\n" in text
    assert '/password/">Change my password</a>' in html
    assert link_in(mail, "/not-me/")
    assert "You said on your phone (“Pixel 8”) that a sign-in was not you." in text
    assert "nothing to do" not in text + html


def test_the_reason_may_follow_once_and_from_that_phone(alice: User, outbox: Outbox) -> None:
    phone, tablet = linked_phone(alice), linked_phone(alice, name="Tablet")
    browser = waiting(alice)
    [request] = phone.pending()
    [same] = tablet.pending()
    assert phone.no(request).body["state"] == "denied"
    assert browser.get(PAGE).status_code == 200

    assert tablet.no(same, "not_me").body["code"] == "answered"
    assert phone.no(request, "not_me").body["secure_url"] == "/password/"
    assert phone.no(request, "mistake").body["code"] == "answered"

    assert browser.get(PAGE).headers["Location"] == "/login/"
    assert any("was not you" in mail.body for mail in outbox())


def test_the_reason_does_not_come_an_hour_later(alice: User, clock: TestClock) -> None:
    phone, _browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    phone.no(request)

    clock.advance(timedelta(minutes=11))

    assert phone.no(request, "not_me").body["code"] == "answered"


def test_not_me_holds_for_a_day_or_until_the_password_is_another(alice: User, clock: TestClock) -> None:
    phone, _browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    phone.no(request, "not_me")

    clock.advance(timedelta(hours=23))
    waiting(alice)
    assert open_requests(alice) == 0
    type(alice).objects.filter(pk=alice.pk).update(auth_generation=alice.auth_generation + 1)
    waiting(alice)
    assert open_requests(alice) == 1


def test_three_times_no_pauses_and_alerts(alice: User, clock: TestClock, outbox: Outbox) -> None:
    phone = linked_phone(alice)
    for _ in range(3):
        waiting(alice)
        [request] = phone.pending()
        phone.no(request, "mistake")
        clock.advance(timedelta(minutes=6))

    waiting(alice)

    assert open_requests(alice) == 0
    assert any("We send no more requests for a day" in " ".join(str(mail.body).split()) for mail in outbox())


def test_a_decision_at_119_seconds_counts_and_at_121_does_not(alice: User, clock: TestClock) -> None:
    """PU-08."""
    clock.stop()
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    number = number_in(browser)

    clock.advance(timedelta(seconds=119))
    assert phone.yes(request, number).status == 200
    clock.advance(timedelta(seconds=3))
    assert browser.post(PAGE).status_code == 302, "the page may come back a moment after the end"

    clock.advance(timedelta(minutes=1))
    browser = waiting(alice)
    [request] = phone.pending()
    number = number_in(browser)
    clock.advance(timedelta(seconds=121))
    late = phone.yes(request, number)
    assert (late.status, late.body["code"]) == (410, "expired")
    assert "The number ran out." in browser.get(PAGE).content.decode()
    assert browser.post(PAGE).status_code == 422


def test_an_approval_is_not_kept_for_later(alice: User, clock: TestClock) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    phone.yes(request, number_in(browser))

    clock.advance(timedelta(seconds=61))

    assert browser.post(PAGE).status_code == 422


def test_a_phone_whose_clock_is_wrong_by_a_day_works(alice: User) -> None:
    """PU-08."""
    phone, browser = linked_phone(alice), waiting(alice)
    phone.clock, phone.ahead = lambda: product_clock.now().timestamp() - 86_400, 0.0

    [request] = phone.pending()

    assert phone.yes(request, number_in(browser)).status == 200
    assert abs(phone.ahead - 86_400) < 5


def test_asking_too_early_is_no_failure(alice: User) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    number = number_in(browser)

    for _ in range(12):
        early = browser.post(PAGE)
        assert early.status_code == 422
        assert "Not approved yet. Check your phone, then press again." in early.content.decode()

    assert not SecurityEvent.objects.filter(user=alice, slug="second_factor.failed").exists()
    phone.yes(phone.pending()[0], number)
    assert browser.post(PAGE).status_code == 302


def test_another_browser_cannot_collect_it(alice: User) -> None:
    """PU-07, 2F-05."""
    phone, browser = linked_phone(alice), waiting(alice)
    thief = Client(REMOTE_ADDR="198.51.100.7")
    give_password(thief, alice)
    [request] = phone.pending()
    phone.yes(request, number_in(browser))

    assert thief.post(PAGE).status_code == 422
    assert not is_in(thief)
    assert browser.post(PAGE).status_code == 302


def test_one_persons_approval_does_not_finish_anothers_sign_in_in_the_same_browser(alice: User, bob: User) -> None:
    """2F-05: two tabs."""
    phone = linked_phone(alice)
    linked_phone(bob)
    browser = waiting(alice)
    number = number_in(browser)
    [request] = phone.pending()
    phone.yes(request, number)

    give_password(browser, bob)

    assert browser.post(PAGE).status_code == 422
    assert not is_in(browser)


def test_a_reload_sends_nothing_and_shows_the_same_number(alice: User) -> None:
    linked_phone(alice)
    browser = waiting(alice)

    numbers = {number_in(browser) for _ in range(3)}

    assert len(numbers) == 1
    assert PushRequest.objects.count() == 1


def test_sending_again_is_another_request_with_a_title_that_says_so(alice: User) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    [old] = phone.pending()
    first = number_in(browser)

    assert browser.post(SEND).headers["Location"] == PAGE

    [new] = phone.pending()
    assert new["id"] != old["id"]
    assert f"New number: {number_in(browser)}" in browser.get(PAGE).content.decode()
    assert phone.yes(old, first).body["code"] == "answered"
    assert phone.yes(new, number_in(browser)).status == 200


def test_begun_again_in_the_same_browser_it_takes_the_place_of_the_first(alice: User) -> None:
    linked_phone(alice)
    browser = waiting(alice)
    first = PushRequest.objects.get().pk

    give_password(browser, alice)

    assert PushRequest.objects.get(pk=first).state == "replaced"
    assert open_requests(alice) == 1


def test_from_another_browser_no_second_one_is_sent_meanwhile(alice: User) -> None:
    linked_phone(alice)
    waiting(alice)

    other = waiting(alice, REMOTE_ADDR="198.51.100.7")

    assert PushRequest.objects.count() == 1
    assert "Another sign-in is waiting on your phone." in other.get(PAGE).content.decode()


def test_a_sign_in_that_was_finished_another_way_is_asked_about_no_more(alice: User) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    assert len(phone.pending()) == 1

    browser.post("/login/verify/totp/", {"code": phone.code()})

    assert phone.pending() == []
    other = waiting(alice, REMOTE_ADDR="198.51.100.7")
    [request] = phone.pending()
    assert phone.yes(request, number_in(other)).status == 200


def test_a_right_answer_by_another_way_makes_the_approval_worthless(alice: User) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    number = number_in(browser)
    [request] = phone.pending()
    browser.post("/login/verify/totp/", {"code": phone.code()})

    late = phone.yes(request, number)

    assert (late.status, late.body["code"]) == (410, "expired")


@pytest.mark.parametrize("digits", [2, 3, 6])
def test_numbers_have_as_many_digits_as_is_set(digits: int, alice: User, settings: Mock) -> None:
    settings.PUSH_NUMBER_DIGITS = digits

    numbers = {PushRequest(user=alice).number for _ in range(300)}

    assert {len(number) for number in numbers} == {digits}
    assert not any(number.startswith("0") for number in numbers)
    assert len(numbers) > 80

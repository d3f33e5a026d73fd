"""A no after a yes: it wins until the yes is collected, and afterwards it ends what the yes has let in (PU-06)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.sessions.models import Session
from audit.models import SecurityEvent
from lib.models import Counter
from tests.accounts.browsers import ELSEWHERE
from tests.bed.people import give_password, sign_in
from tests.bed.race import race
from tests.twofactor.methods.push.phones import (
    PAGE,
    SEND,
    another,
    is_in,
    linked_phone,
    number_in,
    open_requests,
    waiting,
)
from twofactor.models import PushRequest, TrustedBrowser

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.phone import Phone

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
CONFIRM = "/confirm/?next=/2fa/&method=push"
NOT_ME = "You blocked a sign-in. Change your password."
any_no = pytest.mark.parametrize("reason", ["", "not_me", "mistake"])


def count(slug: str) -> int:
    return SecurityEvent.objects.filter(slug=slug).count()


def two_phones(user: User) -> tuple[Phone, Phone]:
    return linked_phone(user), linked_phone(user, name="Tablet")


def approved(user: User) -> tuple[Client, Phone, dict[str, Any]]:
    """A browser in which the first phone has let somebody in who has not come yet; the tablet has the request, too."""
    phone, tablet = two_phones(user)
    browser = waiting(user, REMOTE_ADDR=ELSEWHERE)
    [request], [same] = phone.pending(), tablet.pending()
    assert phone.yes(request, number_in(browser)).status == 200
    return browser, tablet, same


# ── Before the browser has come for it ──
@any_no
def test_a_no_wins_over_a_yes_that_nobody_has_collected(reason: str, alice: User) -> None:
    browser, tablet, request = approved(alice)

    reply = tablet.no(request, reason)
    answer = browser.post(PAGE)

    assert (reply.status, reply.body["state"]) == (200, "denied")
    assert answer.status_code == (302 if reason == "not_me" else 422)
    assert not is_in(browser)
    assert count("push.not_me") == (reason == "not_me")


def test_the_same_phone_may_change_its_mind(alice: User) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    phone.yes(request, number_in(browser))

    assert phone.no(request).body["state"] == "denied"
    assert phone.yes(request, number_in_past(request)).body["code"] == "answered"
    assert browser.post(PAGE).status_code == 422
    assert not is_in(browser)


def number_in_past(request: dict[str, Any]) -> str:
    return PushRequest.objects.get(pk=request["id"]).number


def test_a_not_me_after_it_ends_the_sign_in_whatever_else_would_finish_it(alice: User, outbox: Outbox) -> None:
    browser, tablet, request = approved(alice)

    tablet.no(request, "not_me")

    assert browser.post("/login/verify/totp/", {"code": tablet.code()}).headers["Location"] == "/login/"
    assert any(NOT_ME in mail.subject for mail in outbox())


def test_it_wins_when_the_request_itself_has_run_out(alice: User, clock: TestClock) -> None:
    """The page may collect for a minute after the answer, so a no counts as long."""
    clock.stop()
    phone, tablet = two_phones(alice)
    browser = waiting(alice)
    [request], [same] = phone.pending(), tablet.pending()
    clock.advance(timedelta(seconds=119))
    phone.yes(request, number_in(browser))
    clock.advance(timedelta(seconds=3))

    assert tablet.no(same).body["state"] == "denied"
    assert browser.post(PAGE).status_code == 422


def test_a_no_after_a_wrong_number_blocks_as_any_other(alice: User) -> None:
    phone, tablet = two_phones(alice)
    browser = waiting(alice)
    [request], [same] = phone.pending(), tablet.pending()
    phone.yes(request, another(number_in(browser)))

    assert tablet.no(same, "not_me").body["secure_url"] == "/password/"
    assert browser.post(SEND).headers["Location"] == "/login/"
    waiting(alice)
    assert open_requests(alice) == 0


# ── After it ──
@pytest.mark.parametrize("reason", ["", "not_me"])
def test_a_no_afterwards_ends_the_session_and_does_what_not_me_does(reason: str, alice: User, outbox: Outbox) -> None:
    browser, tablet, request = approved(alice)
    browser.post(PAGE)
    assert is_in(browser)

    reply = tablet.no(request, reason)

    assert (reply.status, reply.body["state"], reply.body["secure_url"]) == (200, "denied", "/password/")
    assert not is_in(browser)
    assert not Session.objects.filter(ip=ELSEWHERE).exclude(network_digest="").exists()
    assert count("push.not_me") == 1
    assert any(NOT_ME in mail.subject for mail in outbox())
    waiting(alice)
    assert open_requests(alice) == 0, "pushes are paused"


def test_it_ends_that_session_and_no_other(alice: User) -> None:
    owner = Client()
    sign_in(owner, alice)
    browser, tablet, request = approved(alice)
    browser.post(PAGE)

    tablet.no(request, "not_me")

    assert not is_in(browser)
    assert owner.get("/2fa/").status_code == 200


def test_however_often_its_key_has_changed_since(alice: User) -> None:
    phone, tablet = two_phones(alice)
    browser = waiting(alice)
    [request], [same] = phone.pending(), tablet.pending()
    phone.yes(request, number_in(browser))
    browser.post(PAGE)
    before = browser.cookies["session"].value
    browser.post("/confirm/push/send/?next=/2fa/")
    [again] = phone.pending()
    phone.yes(again, number_in(browser, CONFIRM))
    assert browser.post(CONFIRM).status_code == 302
    assert browser.cookies["session"].value != before

    tablet.no(same, "not_me")

    assert not is_in(browser)


def test_a_browser_that_it_remembered_is_forgotten(alice: User) -> None:
    browser, tablet, request = approved(alice)
    browser.post(PAGE, {"remember_browser": "on"})
    assert TrustedBrowser.objects.of(alice).count() == 1

    tablet.no(request)

    assert TrustedBrowser.objects.of(alice).count() == 0
    assert give_password(browser, alice).headers["Location"] == "/login/verify/"
    assert not is_in(browser)


def test_a_mistake_ends_the_session_and_alarms_nobody(alice: User) -> None:
    browser, tablet, request = approved(alice)
    browser.post(PAGE)

    reply = tablet.no(request, "mistake")

    assert reply.body["state"] == "denied"
    assert "secure_url" not in reply.body
    assert not is_in(browser)
    assert (count("push.denied"), count("push.not_me")) == (1, 0)


def test_said_again_it_is_answered_again_and_done_once(alice: User) -> None:
    """The app asks after a no whose sign-in it was; and an answer may get lost."""
    browser, tablet, request = approved(alice)
    browser.post(PAGE)

    replies = [tablet.no(request), tablet.no(request, "not_me"), tablet.no(request, "not_me")]

    assert [reply.body["secure_url"] for reply in replies] == 3 * ["/password/"]
    assert tablet.no(request, "mistake").body["code"] == "answered"
    assert count("push.not_me") == 1


def test_a_stranger_s_phone_says_no_in_vain(alice: User, bob: User) -> None:
    browser, _tablet, request = approved(alice)
    browser.post(PAGE)

    assert linked_phone(bob).no(request, "not_me").status == 404
    assert is_in(browser)


def test_a_sign_in_that_a_code_has_finished_is_ended_by_not_me_alone(alice: User) -> None:
    """A no to what is over blocks nothing; that it was somebody else is news."""
    phone = linked_phone(alice)
    browser = waiting(alice)
    [request] = phone.pending()
    browser.post("/login/verify/totp/", {"code": phone.code()})

    assert phone.no(request).body["code"] == "expired"
    assert is_in(browser)
    assert phone.no(request, "not_me").body["secure_url"] == "/password/"
    assert not is_in(browser)


def test_not_me_may_follow_a_no_that_a_code_has_overtaken(alice: User) -> None:
    phone = linked_phone(alice)
    browser = waiting(alice)
    [request] = phone.pending()
    phone.no(request)
    browser.post("/login/verify/totp/", {"code": phone.code()})
    assert is_in(browser)

    assert phone.no(request, "not_me").body["secure_url"] == "/password/"

    assert not is_in(browser)


# ── Confirming ──
@pytest.mark.parametrize("collects", [False, True])
def test_the_same_when_confirming(collects: bool, alice: User, clock: TestClock) -> None:
    browser = Client()
    sign_in(browser, alice)
    phone, tablet = two_phones(alice)
    clock.advance(timedelta(minutes=16))
    browser.post("/confirm/push/send/?next=/2fa/")
    [request], [same] = phone.pending(), tablet.pending()
    phone.yes(request, number_in(browser, CONFIRM))
    if collects:
        assert browser.post(CONFIRM).status_code == 302

    assert tablet.no(same, "not_me").body["secure_url"] == "/password/"

    assert not is_in(browser)
    assert count("push.not_me") == 1


def test_not_me_finds_the_session_though_a_code_has_confirmed_meanwhile(alice: User, clock: TestClock) -> None:
    """A confirmation gives the session another key."""
    browser = Client()
    sign_in(browser, alice)
    phone = linked_phone(alice)
    clock.advance(timedelta(minutes=16))
    browser.post("/confirm/push/send/?next=/2fa/")
    [request] = phone.pending()
    browser.post("/confirm/?method=totp&next=/2fa/", {"code": phone.code()})

    phone.no(request, "not_me")

    assert not is_in(browser)


# ── At the same instant ──
@pytest.mark.django_db(transaction=True)
def test_a_no_against_the_browser_that_comes_for_the_yes(alice: User) -> None:
    """Whoever is first: nobody is in afterwards, no place is known, and it is told when somebody was."""
    phone, tablet = two_phones(alice)
    for number in range(10):
        PushRequest.objects.all().delete()
        Counter.objects.all().delete()
        browser = waiting(alice, REMOTE_ADDR=ELSEWHERE)
        [request], [same] = phone.pending(), tablet.pending()
        phone.yes(request, number_in(browser))

        acts: list[Callable[[], Any]] = [lambda: browser.post(PAGE), lambda: tablet.no(same)]  # noqa: B023
        answer, reply = race(2, lambda n: acts[n]())  # noqa: B023

        assert reply.status == 200
        assert not is_in(browser)
        assert not Session.objects.filter(ip=ELSEWHERE).exclude(network_digest="").exists()
        assert ("secure_url" in reply.body) == (answer.status_code == 302), number


@pytest.mark.django_db(transaction=True)
def test_a_yes_and_a_no_and_the_browser_at_once(alice: User) -> None:
    phone, tablet = two_phones(alice)
    for _round in range(10):
        PushRequest.objects.all().delete()
        Counter.objects.all().delete()
        browser = waiting(alice)
        number = number_in(browser)
        [request], [same] = phone.pending(), tablet.pending()
        acts: list[Callable[[], Any]] = [
            lambda: phone.yes(request, number),  # noqa: B023
            lambda: tablet.no(same),  # noqa: B023
            lambda: browser.post(PAGE),  # noqa: B023
        ]

        _yes, no, _answer = race(3, lambda n: acts[n]())  # noqa: B023
        browser.post(PAGE)

        assert no.status == 200
        assert not is_in(browser)


@pytest.mark.django_db(transaction=True)
def test_a_no_against_a_confirmation_that_comes_for_the_yes(alice: User, clock: TestClock) -> None:
    owner_phone, tablet = two_phones(alice)
    for _round in range(5):
        PushRequest.objects.all().delete()
        Counter.objects.all().delete()
        browser = waiting(alice)
        browser.post("/login/verify/totp/", {"code": owner_phone.code()})
        clock.advance(timedelta(minutes=16))
        browser.post("/confirm/push/send/?next=/2fa/")
        [request], [same] = owner_phone.pending(), tablet.pending()
        owner_phone.yes(request, number_in(browser, CONFIRM))

        race(2, lambda n: tablet.no(same, "not_me") if n else browser.post(CONFIRM))  # noqa: B023

        assert not is_in(browser)

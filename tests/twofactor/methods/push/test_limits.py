"""How often a phone may be asked, whoever has the password (PU-06, N9)."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.login.actions import begin
from audit.models import SecurityEvent
from lib.origin import Origin
from messaging.actions import deliver, sweep
from messaging.models import Message
from tests.bed import push_service
from tests.bed.people import give_password
from tests.twofactor.methods.push.phones import PAGE, SEND, linked_phone, number_in, open_requests, waiting
from twofactor.challenge.asked import Asked, Purpose
from twofactor.methods.push.actions import send
from twofactor.methods.push.models import PushRequest

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.evidence import Evidence

pytestmark = pytest.mark.django_db


def ask(user: User, number: int) -> None:
    """A sign-in with the right password from a browser of its own, without the hash of a password."""
    attempt = user.login_attempts.create(
        session_digest=f"browser {number}", auth_generation=user.auth_generation, next_url="/2fa/", ip="198.51.100.7"
    )
    origin = Origin(ip="198.51.100.7", user_agent="")
    send(Asked(user=user, purpose=Purpose.SIGN_IN, browser=attempt.session_digest, origin=origin, attempt=attempt))


def test_200_sign_ins_with_the_right_password_in_ten_minutes_send_three_pushes(alice: User, clock: TestClock) -> None:
    clock.stop()
    with push_service.running() as service:
        phone = linked_phone(alice, service)
        for number in range(200):
            ask(alice, number)
            clock.advance(timedelta(seconds=2.9))
            if number % 5 == 0:
                sweep(deliver)
                assert len(phone.pending()) <= 1
        sweep(deliver)

    assert len(service.taken) <= 3
    assert len(service.taken) == PushRequest.objects.count() == 3


def test_the_page_then_offers_the_code(alice: User, clock: TestClock) -> None:
    linked_phone(alice)
    browser = waiting(alice)
    for _ in range(2):
        clock.advance(timedelta(seconds=121))
        browser.post(SEND)
    clock.advance(timedelta(seconds=121))

    browser.post(SEND)

    assert PushRequest.objects.count() == 3
    page = browser.get(PAGE).content.decode()
    assert "We’ve sent enough requests. Use a code instead." in page
    assert "/login/verify/totp/" in page
    assert "Send a new one" not in page


def test_ten_a_day_without_a_success(alice: User, clock: TestClock) -> None:
    linked_phone(alice)

    for number in range(60):
        ask(alice, number)
        clock.advance(timedelta(minutes=20))

    assert PushRequest.objects.count() == 10


def test_a_success_starts_the_day_anew(alice: User, clock: TestClock) -> None:
    phone = linked_phone(alice)
    for number in range(9):
        ask(alice, number)
        clock.advance(timedelta(minutes=20))
    browser = waiting(alice)
    [request] = phone.pending()
    phone.yes(request, number_in(browser))
    assert browser.post(PAGE).status_code == 302

    clock.advance(timedelta(minutes=20))
    ask(alice, 99)

    assert open_requests(alice) == 1


def test_a_locked_account_asks_no_phone(alice: User) -> None:
    linked_phone(alice)
    type(alice).objects.filter(pk=alice.pk).update(locked_at="2026-01-01T00:00:00Z", locked_for="not_me")
    client = Client()

    give_password(client, alice)

    assert not Message.objects.filter(kind="push_request").exists()
    assert begin is not None


def test_who_approves_everything_blindly_lets_nobody_in_more_often_than_by_chance(
    alice: User, clock: TestClock
) -> None:
    """N9, small: each prompt has one try of ninety, and there are ten a day."""
    phone, chance = linked_phone(alice), random.Random(9)
    for number in range(30):
        ask(alice, number)
        for request in phone.pending():
            phone.yes(request, str(chance.randrange(10, 100)))
        clock.advance(timedelta(minutes=20))

    tried = PushRequest.objects.exclude(state="pending").count()
    assert tried <= 10
    assert SecurityEvent.objects.filter(user=alice, slug="second_factor.failed").count() >= tried - 2


def test_without_a_push_service_the_page_offers_the_code_and_any_way_works(alice: User) -> None:
    """N19."""
    with push_service.running() as gone:
        phone = linked_phone(alice, gone)
    browser = waiting(alice)
    sweep(deliver)

    assert Message.objects.get(kind="push_request").state == "new"
    assert "Enter the 6-digit code from the app" in browser.get(PAGE).content.decode()
    assert browser.post("/login/verify/totp/", {"code": phone.code()}).status_code == 302


@pytest.mark.prove
def test_n9_prompts_and_blind_approvals(alice: User, clock: TestClock, evidence: Evidence) -> None:
    """A year of a thief who has the password and an owner who approves everything."""
    phone, chance, right, tried, days = linked_phone(alice), random.Random(9), 0, 0, 60
    for number in range(days * 24):
        ask(alice, number)
        for request in phone.pending():
            tried += 1
            right += phone.yes(request, str(chance.randrange(10, 100))).status == 200
        type(alice).objects.filter(pk=alice.pk).update(auth_generation=0)
        clock.advance(timedelta(hours=1))
    evidence("N9 prompts above ten a day", days, int(tried > 10 * days), f"{tried} prompts in {days} days")
    evidence("N9 blind approvals above 1 in 90", tried, int(right > tried / 90 + 3 * (tried / 90) ** 0.5), f"{right}")


def test_a_wrong_number_closes_no_codes_and_wrong_codes_no_approval(alice: User) -> None:
    phone = linked_phone(alice)
    browser = waiting(alice)
    for _ in range(10):
        browser.post("/login/verify/totp/", {"code": "000000"})
    assert browser.post("/login/verify/totp/", {"code": phone.code()}).status_code == 429
    [request] = phone.pending()
    phone.yes(request, number_in(browser))

    assert browser.post("/login/verify/push/").status_code == 302

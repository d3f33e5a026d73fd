"""What repeats itself is told at once, then by the hour; what changes is told each time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client

from accounts.login.alerts import tell_new_place
from audit import events
from audit.actions import record
from lib.origin import Origin
from messaging.actions import deliver
from messaging.models import Message, State
from tests.accounts.mailbox import links_to
from tests.bed.people import sign_in
from tests.bed.race import race

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def happen(user: User, number: int, event: events.Event = events.SIGNED_IN_NEW) -> None:
    """As a sign-in from a new place records it and tells of it."""
    with transaction.atomic():
        row = record(event, user=user, origin=Origin(ip=f"198.51.100.{number}", user_agent=f"curl/{number}"))
        if event is events.SIGNED_IN_NEW:
            tell_new_place(user, event_id=row.pk)


def bodies(outbox: Outbox) -> list[str]:
    return [str(mail.body) for mail in outbox()]


def test_the_first_is_told_at_once_and_what_follows_within_the_hour_in_one_mail(
    alice: User, outbox: Outbox, clock: TestClock
) -> None:
    happen(alice, 1)
    first = len(outbox())
    for number in (2, 3, 4):
        clock.advance(10 * MINUTE)
        happen(alice, number)
    meanwhile = len(outbox())
    clock.advance(31 * MINUTE)

    told = bodies(outbox)

    assert (first, meanwhile, len(told)) == (1, 1, 2)
    assert told[1].count("Browser: curl") == 3
    assert len(set(links_to("/not-me/", outbox()))) == 2


def test_what_comes_after_a_quiet_hour_is_told_at_once(alice: User, outbox: Outbox, clock: TestClock) -> None:
    happen(alice, 1)
    outbox()
    clock.advance(61 * MINUTE)

    happen(alice, 2)

    assert len(outbox()) == 2


def test_a_stream_is_one_mail_an_hour_and_none_is_lost(alice: User, outbox: Outbox, clock: TestClock) -> None:
    for number in range(60):
        happen(alice, number)
        outbox()
        clock.advance(5 * MINUTE)
    clock.advance(60 * MINUTE)

    told = bodies(outbox)

    assert len(told) == 6
    assert sum(body.count("Browser: curl") for body in told) == 60


def test_more_than_twenty_are_counted(alice: User, outbox: Outbox, clock: TestClock) -> None:
    for number in range(31):
        happen(alice, number)
        outbox()
    clock.advance(61 * MINUTE)

    last = bodies(outbox)[-1]

    assert last.count("Browser: curl") == 20
    assert "And 10 more like these." in last


def test_guessing_is_told_by_the_hour_too_but_each_kind_for_itself(
    alice: User, outbox: Outbox, clock: TestClock
) -> None:
    for _ in range(3):
        happen(alice, 1, events.CODES_GUESSED)
        happen(alice, 1, events.PASSWORDS_GUESSED)
        outbox()
    clock.advance(61 * MINUTE)

    subjects = sorted(mail.subject for mail in outbox())

    assert subjects == sorted([str(events.CODES_GUESSED.words), str(events.PASSWORDS_GUESSED.words)] * 2)


def test_changes_are_told_each_time_at_once(alice: User, outbox: Outbox) -> None:
    for _ in range(3):
        happen(alice, 1, events.NAME_CHANGED)

    assert len(outbox()) == 3


def test_one_persons_mails_do_not_wait_for_anothers(alice: User, bob: User, outbox: Outbox) -> None:
    happen(alice, 1)
    happen(bob, 1)

    assert len(outbox()) == 2


@pytest.mark.parametrize("days", [400, -400])
def test_a_clock_that_jumps_delays_nothing_for_long(days: int, alice: User, outbox: Outbox, clock: TestClock) -> None:
    happen(alice, 1)
    outbox()
    clock.advance(timedelta(days=days))
    happen(alice, 2)
    clock.advance(61 * MINUTE)

    assert len(outbox()) == 2


def test_what_is_added_when_a_worker_has_the_mail_goes_into_the_next(alice: User, clock: TestClock) -> None:
    happen(alice, 1)
    taken = Message.objects.get()
    taken.move(State.SENDING, tries=1, lease_until=clock.now() + MINUTE)

    happen(alice, 2)

    assert [message.details["count"] for message in Message.objects.order_by("created_at")] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_instant_none_is_lost(alice: User, outbox: Outbox, clock: TestClock) -> None:
    for number in range(5):
        before = len(outbox())

        race(16, lambda n: happen(alice, n) if n % 4 else deliver_all())

        clock.advance(61 * MINUTE)
        told = bodies(outbox)[before:]
        assert sum(body.count("Browser: curl") for body in told) == 12
        assert len(told) <= 2
        clock.advance(61 * MINUTE)
        assert number >= 0


def deliver_all() -> None:
    for pk in Message.objects.values_list("pk", flat=True):
        deliver(pk)


def test_somebody_who_has_only_the_password_is_never_told_of_as_signed_in(alice: User, outbox: Outbox) -> None:
    from tests.bed.people import code_app, give_password  # noqa: PLC0415 - for this one

    sign_in(Client(), alice)
    code_app(alice)

    give_password(Client(REMOTE_ADDR="198.51.100.9"), alice)

    assert not [mail for mail in outbox() if "sign-in" in mail.subject.lower()]

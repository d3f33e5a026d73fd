from __future__ import annotations

import logging
import os
import subprocess
import sys
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connection

from lib import clock as portal_clock
from messaging.actions import KEPT_FOR, LONGEST_WAIT, MOST_TRIES, WAITS, deliver, purge, sweep
from messaging.errors import Refused, TemporaryFailure
from messaging.models import Heartbeat, Message, State
from tests.bed.race import race
from tests.messaging.composers import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import ModuleType
    from uuid import UUID

    from pytest_django.fixtures import SettingsWrapper

    from tests.bed.clock import TestClock

    Waiting = Callable[..., Message]

A_MOMENT = timedelta(seconds=1)


def test_a_message_is_sent_once(waiting: Waiting, channel: ModuleType) -> None:
    message = waiting(details={"number": 7})
    deliver(message.pk)
    deliver(message.pk)
    [(sent, content)] = channel.sent
    assert sent.pk == message.pk
    assert content.text == "Lena Keller, number 7.\n"
    message.refresh_from_db()
    assert (message.state, message.tries, message.lease_until) == (State.SENT, 1, None)
    assert message.sent_at is not None


@pytest.mark.parametrize(("spoken", "written"), [(["en", "fr"], "fr"), (["en"], "en")])
def test_it_is_written_in_the_language_of_the_person_if_we_speak_it(
    waiting: Waiting, channel: ModuleType, settings: SettingsWrapper, spoken: list[str], written: str
) -> None:
    settings.LANGUAGES = [(code, code) for code in spoken]
    deliver(waiting("language").pk)
    assert channel.sent[0][1].text == written


@pytest.mark.django_db
def test_a_message_that_is_gone_is_no_error() -> None:
    deliver(Message().pk)


def test_nobody_else_takes_it_while_the_lease_lasts(waiting: Waiting, channel: ModuleType, clock: TestClock) -> None:
    clock.stop()
    message = waiting()
    message.move(State.SENDING, tries=1, lease_until=portal_clock.now() + settings.MESSAGE_LEASE)
    clock.advance(settings.MESSAGE_LEASE - A_MOMENT)
    deliver(message.pk)
    assert not channel.sent
    clock.advance(A_MOMENT)
    deliver(message.pk)
    assert len(channel.sent) == 1


def test_a_worker_that_comes_late_changes_nothing(waiting: Waiting, channel: ModuleType, clock: TestClock) -> None:
    message = waiting()
    message.move(State.SENDING, tries=1, lease_until=portal_clock.now() + settings.MESSAGE_LEASE)
    clock.advance(settings.MESSAGE_LEASE)
    deliver(message.pk)
    assert not message.move(State.NEW, error="the late worker's")
    message.refresh_from_db()
    assert message.state == State.SENT
    assert len(channel.sent) == 1


def test_a_clock_set_back_a_day_holds_nothing_up(waiting: Waiting, channel: ModuleType, clock: TestClock) -> None:
    """MW-09."""
    leased, new = waiting(), waiting()
    leased.move(State.SENDING, tries=1, lease_until=portal_clock.now() + settings.MESSAGE_LEASE)
    clock.advance(timedelta(days=-1))
    sweep(deliver)
    assert {sent.pk for sent, _content in channel.sent} == {leased.pk, new.pk}


def test_too_late_is_never_sent(waiting: Waiting, channel: ModuleType, clock: TestClock) -> None:
    poked, swept = waiting(expires_in=timedelta(minutes=5)), waiting(expires_in=timedelta(minutes=5))
    clock.advance(timedelta(minutes=5))
    deliver(poked.pk)
    sweep(deliver)
    assert not channel.sent
    assert set(Message.objects.filter(pk__in=[poked.pk, swept.pk]).values_list("state", flat=True)) == {State.EXPIRED}


def test_each_failure_waits_longer_until_what_ages_is_given_up(
    waiting: Waiting, channel: ModuleType, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    message = waiting("ageing")
    channel.failures[:] = [TemporaryFailure("down")] * MOST_TRIES
    clock.stop()
    for wait in WAITS:
        sweep(deliver)
        message.refresh_from_db()
        assert (message.state, message.error) == (State.NEW, "down")
        assert message.not_before is not None
        assert wait * 0.75 <= message.not_before - portal_clock.now() <= min(wait * 1.25, LONGEST_WAIT)
        clock.advance(wait * 0.75 - A_MOMENT)
        assert sweep(deliver) == 0
        clock.advance(wait * 0.5 + A_MOMENT)
    sweep(deliver)
    message.refresh_from_db()
    assert (message.state, message.tries) == (State.DEAD, MOST_TRIES)
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == ["not sent, given up"]
    assert not channel.sent


def fail_until(message: Message, channel: ModuleType, clock: TestClock, moment: datetime) -> list[timedelta]:
    """Let every try fail until then; returns the pauses between them."""
    pauses = []
    while portal_clock.now() < moment and message.state == State.NEW:
        channel.failures[:] = [TemporaryFailure("down")]
        deliver(message.pk)
        message.refresh_from_db()
        if message.state == State.NEW:
            assert message.not_before is not None
            pauses.append(message.not_before - portal_clock.now())
            clock.stop(message.not_before)
    channel.failures.clear()
    return pauses


def test_what_does_not_age_is_tried_for_a_week_with_pauses_of_an_hour_at_most(
    waiting: Waiting, channel: ModuleType, clock: TestClock
) -> None:
    began, message = clock.stop(), waiting()

    pauses = fail_until(message, channel, clock, began + timedelta(days=6, hours=22))
    deliver(message.pk)

    message.refresh_from_db()
    assert (message.state, len(channel.sent)) == (State.SENT, 1)
    assert max(pauses) <= LONGEST_WAIT
    assert min(pauses[len(WAITS) :]) >= LONGEST_WAIT * 0.75
    assert message.tries > 7 * 23


def test_after_a_week_it_is_dead(
    waiting: Waiting, channel: ModuleType, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    began, message = clock.stop(), waiting()

    fail_until(message, channel, clock, began + timedelta(days=8))

    assert (message.state, message.error) == (State.DEAD, "down")
    assert timedelta(days=7) <= portal_clock.now() - began <= timedelta(days=7, hours=1)
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == ["not sent, given up"]


def test_a_hiccup_among_many_failures_is_no_mistake_that_stays(
    waiting: Waiting, channel: ModuleType, clock: TestClock
) -> None:
    began, message = clock.stop(), waiting()
    fail_until(message, channel, clock, began + timedelta(days=1))

    channel.failures[:] = [ZeroDivisionError()]
    deliver(message.pk)

    message.refresh_from_db()
    assert message.state == State.NEW


def test_a_worker_that_dies_late_in_a_week_of_tries_does_not_bury_it(
    waiting: Waiting, channel: ModuleType, clock: TestClock
) -> None:
    message = waiting()
    message.move(State.SENDING, tries=MOST_TRIES + 20, lease_until=portal_clock.now())
    clock.advance(A_MOMENT)
    sweep(deliver)
    message.refresh_from_db()
    assert (message.state, message.error, channel.sent) == (State.NEW, "workers died with it", [])

    clock.advance(LONGEST_WAIT)
    sweep(deliver)

    assert len(channel.sent) == 1


def test_what_was_given_up_is_no_matter_any_more_when_its_time_is_over(
    waiting: Waiting, channel: ModuleType, clock: TestClock
) -> None:
    message = waiting(expires_in=timedelta(hours=1))
    channel.failures[:] = [Refused("no such number")]
    deliver(message.pk)
    clock.advance(timedelta(hours=1))
    sweep(deliver)
    message.refresh_from_db()
    assert (message.state, message.error) == (State.EXPIRED, "no such number")


@pytest.mark.parametrize("answer", [Refused("no"), TemporaryFailure("no", is_about_recipient=True)])
def test_an_address_that_a_stranger_made_up_wakes_nobody(
    answer: Exception, waiting: Waiting, channel: ModuleType, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    message = waiting("ageing")
    channel.failures[:] = [answer] * MOST_TRIES
    for wait in (timedelta(0), *WAITS):
        clock.advance(wait * 1.25)
        sweep(deliver)
    message.refresh_from_db()
    assert (message.state, message.error) == (State.EXPIRED, "no")
    assert not [record for record in caplog.records if record.levelno == logging.ERROR]


def test_a_far_end_that_asks_for_patience_gets_it(waiting: Waiting, channel: ModuleType, clock: TestClock) -> None:
    message = waiting()
    channel.failures[:] = [TemporaryFailure("busy", retry_after=timedelta(hours=2))]
    now = clock.stop()
    deliver(message.pk)
    message.refresh_from_db()
    assert message.not_before == now + timedelta(hours=2)


def test_a_refused_message_is_given_up_at_once(waiting: Waiting, channel: ModuleType) -> None:
    message = waiting()
    channel.failures[:] = [Refused("no such number")]
    deliver(message.pk)
    message.refresh_from_db()
    assert (message.state, message.tries, message.error) == (State.DEAD, 1, "no such number")


def test_a_message_that_workers_keep_dying_with_is_given_up(
    waiting: Waiting, channel: ModuleType, clock: TestClock
) -> None:
    message = waiting("ageing")
    message.move(State.SENDING, tries=MOST_TRIES, lease_until=portal_clock.now())
    clock.advance(A_MOMENT)
    sweep(deliver)
    message.refresh_from_db()
    assert (message.state, channel.sent) == (State.DEAD, [])


def test_one_that_cannot_be_written_stops_no_other(
    waiting: Waiting, channel: ModuleType, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    """MW-04."""
    poison = waiting("poison")
    for number in range(200):
        waiting(details={"number": number})
    sweep(deliver)
    assert len(channel.sent) == 200
    for wait in WAITS:
        clock.advance(wait * 2)
        sweep(deliver)
    poison.refresh_from_db()
    assert (poison.state, poison.tries) == (State.DEAD, MOST_TRIES)
    assert poison.error.startswith("ValueError at poison:")
    assert CANARY not in poison.error + caplog.text + "".join(str(record.__dict__) for record in caplog.records)


def test_a_sweep_leaves_a_heartbeat_and_takes_the_oldest_first(waiting: Waiting, channel: ModuleType) -> None:
    messages = [waiting() for _ in range(3)]
    sweep(deliver)
    assert [sent.pk for sent, _content in channel.sent] == [message.pk for message in messages]
    assert Heartbeat.objects.get(name="sweep").at <= portal_clock.now()


def test_what_was_sent_long_ago_is_forgotten(waiting: Waiting, channel: ModuleType, clock: TestClock) -> None:
    old = waiting()
    deliver(old.pk)
    unsent = waiting()
    clock.advance(KEPT_FOR + A_MOMENT)
    fresh = waiting()
    deliver(fresh.pk)
    assert purge() == 1
    assert set(Message.objects.values_list("pk", flat=True)) == {unsent.pk, fresh.pk}
    assert len(channel.sent) == 2


def deliver_as_worker(message_id: UUID, _number: int) -> None:
    deliver(message_id)


@pytest.mark.django_db(transaction=True)
def test_many_workers_with_one_message_send_it_once(waiting: Waiting, channel: ModuleType) -> None:
    """MW-08."""
    for _ in range(10):
        channel.reset()
        message = waiting()
        race(8, partial(deliver_as_worker, message.pk))
        assert len(channel.sent) == 1


@pytest.mark.django_db(transaction=True)
def test_many_sweeps_at_once_send_each_message_once(waiting: Waiting, channel: ModuleType) -> None:
    """MW-08."""
    messages = {waiting().pk for _ in range(30)}
    race(8, lambda _number: sweep(deliver))
    assert len(channel.sent) == 30
    assert {sent.pk for sent, _content in channel.sent} == messages


@pytest.mark.django_db
def test_the_races_are_won_on_the_other_database_too() -> None:
    """A run has one database; the demo has SQLite, production PostgreSQL."""
    if connection.vendor == "sqlite":
        return  # this is that other run
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "many_"]
    run = subprocess.run(
        command,
        env={name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {"TEST_DATABASE": "sqlite"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout

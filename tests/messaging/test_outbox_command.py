from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from messaging.actions import deliver, revive, sweep
from messaging.errors import TemporaryFailure
from messaging.models import Message, State
from tests.bed.race import race
from tests.bed.servers import database_in_use, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from accounts.user.models import User
    from tests.bed.clock import TestClock

    Waiting = Callable[..., Message]


def test_it_counts(waiting: Waiting, capsys: pytest.CaptureFixture[str]) -> None:
    waiting(), waiting()
    waiting().move(State.DEAD)
    call_command("outbox")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        ["new", "2"],
        ["sending", "0"],
        ["sent", "0"],
        ["dead", "1"],
        ["expired", "0"],
    ]


def test_once_delivers_what_waits(waiting: Waiting, channel: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    waiting(), waiting()
    call_command("outbox", "--once")
    assert len(channel.sent) == 2
    assert capsys.readouterr().out == "handled 2\n"


def dead(waiting: Waiting, **options: Any) -> Message:
    message = waiting(**options)
    message.move(State.DEAD, tries=5, error="SMTP 550")
    return message


def test_it_lists_the_dead_and_whose_they_are_without_their_addresses(
    waiting: Waiting, alice: User, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = dead(waiting), dead(waiting, user=alice)
    waiting()

    call_command("outbox", "--list")

    one, other = (line.split("  ") for line in capsys.readouterr().out.splitlines())
    assert (one[0], one[2], one[4:]) == (str(first.pk), "plain", ["no account", "5 tries", "SMTP 550"])
    assert (other[0], other[4]) == (str(second.pk), f"user {alice.pk}")
    assert "@" not in "".join(one + other)


def test_the_dead_are_revived_from_the_first_try(
    waiting: Waiting, channel: ModuleType, clock: TestClock, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = dead(waiting), dead(waiting)
    clock.advance(timedelta(days=8))

    call_command("outbox", "--revive", str(one.pk))
    channel.failures[:] = [TemporaryFailure("down")] * 4
    for _ in range(5):
        sweep(deliver)
        clock.advance(timedelta(hours=1))

    assert capsys.readouterr().out == "revived 1\n"
    assert [sent.pk for sent, _content in channel.sent] == [one.pk]
    assert Message.objects.get(pk=other.pk).state == State.DEAD


def test_all_that_is_not_too_late_is_revived_at_once(
    waiting: Waiting, channel: ModuleType, clock: TestClock, capsys: pytest.CaptureFixture[str]
) -> None:
    dead(waiting), dead(waiting), dead(waiting, expires_in=timedelta(hours=1))
    clock.advance(timedelta(hours=1))

    call_command("outbox", "--revive", "all")
    sweep(deliver)

    assert capsys.readouterr().out == "revived 2\n"
    assert len(channel.sent) == 2


def test_the_dropped_rest_and_stay_in_the_log(
    waiting: Waiting, channel: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    message = dead(waiting)

    call_command("outbox", "--drop", "all")
    sweep(deliver)

    message.refresh_from_db()
    assert capsys.readouterr().out == "dropped 1\n"
    assert (message.state, message.error, channel.sent) == (State.EXPIRED, "SMTP 550", [])


@pytest.mark.parametrize("wish", ["--revive", "--drop"])
def test_one_wrong_id_and_nothing_is_done(waiting: Waiting, wish: str) -> None:
    message, alive = dead(waiting), waiting()

    for wrong in (str(alive.pk), str(UUID(int=1)), "nonsense", "all"):
        with pytest.raises(CommandError):
            call_command("outbox", wish, str(message.pk), wrong)

    message.refresh_from_db()
    assert message.state == State.DEAD


@pytest.mark.django_db(transaction=True)
def test_of_many_operators_at_once_one_revives(waiting: Waiting) -> None:
    message = dead(waiting)

    assert sorted(race(8, lambda _number: revive([message.pk]))) == [0] * 7 + [1]
    assert Message.objects.get().state == State.NEW


@pytest.mark.django_db(transaction=True)
def test_loop_delivers_without_celery_until_it_is_stopped(waiting: Waiting) -> None:
    message = waiting("security_event", channel="email", details={"event": 0})
    loop = subprocess.Popen(
        [sys.executable, "manage.py", "outbox", "--loop"],
        env=os.environ | {"DATABASE_URL": database_in_use(), "REDIS_URL": "redis://127.0.0.1:1/0"},
        stderr=subprocess.DEVNULL,  # the event it tells of is not there
    )
    try:
        wait_until(lambda: Message.objects.get(pk=message.pk).tries == 1)
    finally:
        loop.send_signal(signal.SIGTERM)
        assert loop.wait(10) == -signal.SIGTERM

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from messaging.models import Message, State
from tests.bed.servers import database_in_use, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

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

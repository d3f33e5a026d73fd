"""Workers are killed while mail flows, Redis forgets everything: no mail may be lost, none be seen twice (MW-01).

By SMTP nobody can promise that a mail leaves exactly once: a worker that dies after the server's yes and before it has
written that down knows no more than one that died before. What is promised, and counted here: nothing is lost; what
goes out again is what a killed worker had in hand, once for each kill, under the same Message-ID, so that a mailbox
that drops repeated ids shows it once (docs/decisions/0005-an-outbox.md).
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import redis
from aiosmtpd.controller import Controller
from django.db import connections

from messaging.actions import queue
from messaging.models import Message, State
from tests.bed import environment
from tests.bed.servers import database_in_use
from tests.messaging.conftest import LENA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session

    from tests.bed.evidence import Evidence

PAUSE_SECONDS = 0.06  # between two messages
LONGEST_WAIT = 180
MOST_REPEATED = 0.01  # a worker died between the server's yes and the row's


class Sink:
    """A mail server that counts every mail it says yes to, the repeated ones too."""

    def __init__(self) -> None:
        self.message_ids: list[str] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        assert isinstance(envelope.original_content, bytes)
        found = re.search(rb"^Message-ID: <(\w+)@", envelope.original_content, re.MULTILINE)
        assert found is not None
        self.message_ids.append(found[1].decode())
        return "250 OK"


class Worker:
    """A Celery worker with its own processes and timetable, as in production; it can only be killed."""

    def __init__(self, folder: Path, smtp_port: int) -> None:
        self._environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.messaging.worker_settings",
            "DATABASE_URL": database_in_use(),
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
            "MESSAGE_LEASE_SECONDS": "5",
            "PYTHONWARNINGS": "ignore",
        }
        timetable, self._log = folder / "timetable", folder / "log"
        options = ("-B", "--schedule", str(timetable), "--concurrency", "2")
        self._command = [sys.executable, "-m", "celery", "-q", "-A", "config", "worker", *options]
        self._start()

    def _start(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """All its processes at once, in whatever they are doing."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def revive(self) -> None:
        self._start()


@pytest.fixture
def sink() -> Iterator[Controller]:
    controller = Controller(Sink(), hostname="127.0.0.1", port=environment.free_port())
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def worker(transactional_db: None, sink: Controller, tmp_path: Path) -> Iterator[Worker]:  # noqa: ARG001 - its rows
    worker = Worker(tmp_path, sink.port)
    yield worker
    worker.kill()


def wait_for(is_true: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + LONGEST_WAIT
    while not is_true():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def queue_all(messages: int) -> None:
    try:
        for _ in range(messages):
            queue("plain", to=LENA)
            time.sleep(PAUSE_SECONDS)
    finally:
        connections.close_all()


def kill_at_work(worker: Worker, taken: list[str], *, within: int) -> list[str]:
    """Somewhere in its first mails: more wait, so it is never killed idle. Returns what it had in hand."""
    enough = len(taken) + random.randint(1, within)
    wait_for(lambda: len(taken) >= enough)
    time.sleep(random.uniform(0, 0.1))
    worker.kill()
    return [pk.hex for pk in Message.objects.filter(state=State.SENDING).values_list("pk", flat=True)]


def send_through_chaos(worker: Worker, taken: list[str], *, messages: int, kills: int) -> Counter[str]:
    """Returns how often each message was in the hands of a worker that was killed."""
    in_hand: Counter[str] = Counter()
    with ThreadPoolExecutor(1) as producer:
        queueing = producer.submit(queue_all, messages)
        for kill in range(kills):
            in_hand.update(kill_at_work(worker, taken, within=messages // kills // 2))
            if kill == kills // 2:
                with redis.Redis.from_url(os.environ["REDIS_URL"]) as broker:
                    assert broker.flushall()  # with the pokes of all that waits
            worker.revive()
        queueing.result()
    wait_for(lambda: not Message.objects.exclude(state=State.SENT).exists())
    return in_hand


def lost(taken: list[str]) -> int:
    """How many a mailbox that drops repeated Message-IDs would lack; it would show every other one once."""
    everyone = {pk.hex for pk in Message.objects.values_list("pk", flat=True)}
    assert set(taken) <= everyone
    return len(everyone - set(taken))


def repeated(taken: list[str]) -> Counter[str]:
    """What went out again, and how often again."""
    return Counter(taken) - Counter(set(taken))


def test_nothing_is_lost_and_nothing_is_seen_twice(worker: Worker, sink: Controller) -> None:
    taken = sink.handler.message_ids
    in_hand = send_through_chaos(worker, taken, messages=100, kills=2)
    assert Message.objects.count() == 100
    assert lost(taken) == 0
    assert repeated(taken) <= in_hand
    assert repeated(taken).total() <= 2, "one for each kill at the most"


@pytest.mark.prove
def test_nothing_of_a_thousand_is_lost(worker: Worker, sink: Controller, evidence: Evidence) -> None:
    taken = sink.handler.message_ids
    in_hand = send_through_chaos(worker, taken, messages=1000, kills=20)
    again = repeated(taken)
    note = f"20 × kill -9, 1 × FLUSHALL; of {in_hand.total()} in hand {again.total()} went out again, as the same mail"
    evidence(
        "N5 mails under kill -9: lost, or again without a kill", 1000, lost(taken) + (again - in_hand).total(), note
    )
    assert again.total() <= 1000 * MOST_REPEATED

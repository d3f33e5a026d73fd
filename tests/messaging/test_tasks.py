from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import redis

from config.celery import app
from messaging import tasks
from messaging.models import Message, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from pytest_django import Settings

    Waiting = Callable[..., Message]


def test_the_task_delivers_by_id(waiting: Waiting, channel: ModuleType) -> None:
    tasks.deliver_message(str(waiting().pk))
    assert len(channel.sent) == 1


def test_the_sweep_pokes_for_what_an_emptied_redis_forgot(waiting: Waiting, settings: Settings) -> None:
    """MW-02."""
    waiting(), waiting()
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.flushall()
        tasks.sweep_messages()
        assert broker.llen("messages") == 2
        broker.flushall()


def test_the_purge_is_a_task(waiting: Waiting) -> None:
    message = waiting()
    message.move(State.SENT, created_at=message.created_at.replace(year=2020))
    tasks.purge_messages()
    assert not Message.objects.exists()


def test_every_task_of_the_timetable_exists_and_does_not_pile_up() -> None:
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] > 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", True),
        ("worker_prefetch_multiplier", 1),
        ("task_ignore_result", True),
        ("result_backend", None),
        ("accept_content", ["json"]),
        ("task_serializer", "json"),
    ],
)
def test_a_task_survives_its_worker_and_leaves_nothing_in_redis(option: str, value: object) -> None:
    """MW-10."""
    assert app.conf[option] == value


def test_a_task_is_stopped_before_its_lease_ends(settings: Settings) -> None:
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit < settings.MESSAGE_LEASE.total_seconds()

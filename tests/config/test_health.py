from __future__ import annotations

import base64
import socket
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connection, connections

from config import health
from lib import clock as portal_clock
from lib import rotation
from messaging.actions import SWEEP
from messaging.models import Heartbeat, Message, State
from tests.bed import environment
from tests.bed.people import code_app

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries, Settings

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db(transaction=True)
OTHER_KEY = "other:" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def swept() -> None:
    Heartbeat.objects.create(name=SWEEP, at=portal_clock.now())


def test_live_asks_nobody(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert not answer.cookies


@pytest.mark.usefixtures("swept")
def test_ready_when_all_is_well(client: Client) -> None:
    answer = client.get("/healthz/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "keys": "ok",
        "redis": "ok",
        "forwarded": "ok",
        "database": "ok",
        "migrations": "ok",
        "worker": "ok",
        "outbox": {"status": "ok", "oldest_waiting_seconds": 0, "dead": 0},
    }
    assert not answer.cookies


@pytest.mark.usefixtures("swept")
def test_without_redis_people_sign_in_all_the_same(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{environment.free_port()}/0"
    answer = client.get("/healthz/ready")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["redis"]) == ("degraded", "down")


def test_a_sweep_that_stopped_shows(client: Client, swept: None, clock: TestClock) -> None:  # noqa: ARG001
    """MW-09."""
    clock.advance(health.SWEEP_LATE + timedelta(seconds=1))
    answer = client.get("/healthz/ready")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["worker"]) == ("degraded", "down")


def test_messages_that_wait_or_were_given_up_show(client: Client) -> None:
    """MW-04."""
    hour_ago = portal_clock.now() - timedelta(hours=1)
    Message.objects.create(kind="plain", created_at=hour_ago)
    Message.objects.create(kind="plain", state=State.DEAD)
    # One that waits for its next try is not late.
    Message.objects.create(kind="plain", created_at=hour_ago, not_before=portal_clock.now() + timedelta(hours=1))
    outbox = client.get("/healthz/ready").json()["outbox"]
    assert (outbox["status"], outbox["dead"]) == ("late", 1)
    assert 3600 <= outbox["oldest_waiting_seconds"] < 3700


@pytest.mark.usefixtures("swept")
def test_a_mail_server_that_is_away_shows_long_before_anything_is_dead(client: Client) -> None:
    later = portal_clock.now() + timedelta(hours=1)
    Message.objects.create(kind="push_alert", channel="push", tries=9, not_before=later)  # one phone's service
    before = client.get("/healthz/ready").json()
    Message.objects.create(kind="security_event", tries=5, not_before=later)
    after = client.get("/healthz/ready").json()

    assert before["status"] == "ok"
    assert (after["status"], after["outbox"]["status"], after["outbox"]["dead"]) == ("degraded", "late", 0)


@pytest.mark.usefixtures("swept")
def test_it_is_degraded_while_anything_is_dead(client: Client) -> None:
    """Somebody was not told of something: see docs/deployment.md for what to do."""
    Message.objects.create(kind="plain", state=State.DEAD)
    before = client.get("/healthz/ready")
    call_command("outbox", "--drop", "all")
    after = client.get("/healthz/ready")

    assert before.status_code == after.status_code == 200
    assert before.json()["status"] == "degraded"
    assert (before.json()["outbox"]["status"], before.json()["outbox"]["dead"]) == ("dead", 1)
    assert (after.json()["status"], after.json()["outbox"]["dead"]) == ("ok", 0)


def test_a_lost_database_is_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": environment.free_port()}
    monkeypatch.setattr(connections, "settings", {"default": connection.settings_dict | gone})
    answer = client.get("/healthz/ready")
    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["database"]) == ("down", "down")


def test_a_database_that_hangs_is_503_and_one_thread(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hangs = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "PORT": silent.getsockname()[1],
            "OPTIONS": {"connect_timeout": 20},
        }
        monkeypatch.setattr(connections, "settings", {"default": connection.settings_dict | hangs})
        before = threading.active_count()
        statuses = [client.get("/healthz/ready").status_code for _ in range(3)]
        assert statuses == [503, 503, 503]
        assert threading.active_count() <= before + 1
    assert health.DATABASE._asking.acquire(timeout=30)  # noqa: SLF001 - the thread ends with the server
    health.DATABASE._asking.release()  # noqa: SLF001


def test_without_its_tables_it_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "migrated", threading.Event())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'messaging'")
    try:
        answer = client.get("/healthz/ready")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('messaging', '0001_initial', %s)",
                [portal_clock.now()],
            )
    assert answer.status_code == 503
    assert answer.json()["migrations"] == "pending"


@pytest.mark.usefixtures("swept")
def test_without_keys_it_is_not_ready(client: Client, settings: Settings) -> None:
    settings.PORTAL_KEYS = ""
    assert client.get("/healthz/ready").status_code == 503


# ── Keys (DB-04) ──
@pytest.fixture
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not looked at its keys yet."""
    monkeypatch.setattr(health, "rings_that_fit", set())


@pytest.mark.usefixtures("swept", "fresh_process")
def test_keys_of_another_portal_are_found_at_start(client: Client, alice: User, settings: Settings) -> None:
    code_app(alice)
    settings.PORTAL_KEYS = OTHER_KEY
    answer = client.get("/healthz/ready")
    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["keys"]) == ("down", "down")


@pytest.mark.usefixtures("swept", "fresh_process")
def test_a_wrong_key_under_the_right_name_is_found_too(client: Client, alice: User, settings: Settings) -> None:
    code_app(alice)
    settings.PORTAL_KEYS = OTHER_KEY.replace("other:", settings.PORTAL_KEYS.partition(":")[0] + ":")
    assert client.get("/healthz/ready").json()["keys"] == "down"


@pytest.mark.usefixtures("swept", "fresh_process")
def test_an_old_key_removed_too_early_is_found(client: Client, alice: User, bob: User, settings: Settings) -> None:
    rotation.keep_digest_root()  # as the install does
    code_app(alice)
    old, settings.PORTAL_KEYS = settings.PORTAL_KEYS, f"{OTHER_KEY},{settings.PORTAL_KEYS}"
    code_app(bob)
    assert client.get("/healthz/ready").json()["keys"] == "ok"
    settings.PORTAL_KEYS = OTHER_KEY  # the root is under the old one: nobody could sign in
    assert client.get("/healthz/ready").json()["keys"] == "down"
    settings.PORTAL_KEYS = old  # Bob cannot use his app here, all others can use theirs
    answer = client.get("/healthz/ready")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["keys"]) == ("degraded", "missing")


@pytest.mark.usefixtures("swept", "fresh_process")
def test_one_secret_that_was_tampered_with_does_not_close_the_portal(client: Client, alice: User, bob: User) -> None:
    broken = code_app(alice)
    code_app(bob)
    type(broken).objects.filter(pk=broken.pk).update(sealed_secret=broken.sealed_secret[:-6] + "AAAAA=")
    assert client.get("/healthz/ready").status_code == 200


@pytest.mark.usefixtures("swept", "fresh_process")
def test_one_secret_under_a_key_that_never_was_does_not_either(client: Client, alice: User, bob: User) -> None:
    broken = code_app(alice)
    code_app(bob)
    type(broken).objects.filter(pk=broken.pk).update(sealed_secret=f"v1.nobodys.{broken.sealed_secret[-40:]}")
    answer = client.get("/healthz/ready")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["keys"]) == ("degraded", "missing")


@pytest.mark.usefixtures("swept", "fresh_process")
def test_keys_that_fit_are_looked_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def keys_fit() -> bool:
        asked.append(True)
        return True

    monkeypatch.setattr(rotation, "keys_fit", keys_fit)
    for _ in range(3):
        assert client.get("/healthz/ready").json()["keys"] == "ok"
    assert len(asked) == 1

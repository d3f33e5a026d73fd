"""Each request has a number that only we give."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from audit.models import SecurityEvent
from lib import request_id
from lib.logs import JSONFormatter
from tests.bed.people import give_password

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.user.models import User

HEADER = request_id.HEADER


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What stands in the log."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    loggers = [logging.getLogger(name) for name in ("sallyport", "django")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    yield stream
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.mark.parametrize("path", ["/login/", "/2fa/", "/no/such/page/", "/healthz/live", "/static/css/none.css"])
@pytest.mark.django_db
def test_every_answer_names_it_and_no_two_alike(client: Client, path: str) -> None:
    numbers = {client.get(path).headers[HEADER] for _ in range(3)}

    assert len(numbers) == 3
    assert {len(number) for number in numbers} == {request_id.LONGEST}


@pytest.mark.django_db
def test_a_refused_host_and_a_forged_form_have_one_too(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert client.get("/login/", HTTP_HOST="evil.example").headers[HEADER]
    assert strict.post("/login/", {"login": "x", "password": "y"}).headers[HEADER]


@pytest.mark.parametrize("theirs", ["0" * 24, "a\r\nX-Evil: 1", "x" * 5000, ""])
def test_what_a_client_sends_is_not_looked_at(client: Client, alice: User, theirs: str) -> None:
    client.defaults["HTTP_X_REQUEST_ID"] = theirs
    answer = give_password(client, alice)

    event = SecurityEvent.objects.get(slug="signed_in")
    assert event.request_id == answer.headers[HEADER] != theirs


def test_the_log_s_lines_name_it(client: Client, alice: User, lines: io.StringIO) -> None:
    answer = give_password(client, alice, "wrong")
    missing = client.get("/no/such/page/")

    found = {entry["message"]: entry["request_id"] for entry in map(json.loads, lines.getvalue().splitlines())}
    assert found["password.failed"] == answer.headers[HEADER]
    assert found["Not Found: /no/such/page/"] == missing.headers[HEADER]


def test_outside_a_request_there_is_none(lines: io.StringIO) -> None:
    logging.getLogger("sallyport").info("swept")

    assert "request_id" not in json.loads(lines.getvalue())

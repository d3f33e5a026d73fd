"""One JSON object a line, whatever a visitor sends (HD-04)."""

from __future__ import annotations

import io
import json
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest

from lib.logs import LONGEST_VALUE, JSONFormatter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOSTILE = {
    "a second line": 'x\r\n{"level": "INFO", "message": "signed_in"}',
    "a JSON break": '", "level": "CRITICAL", "x": "',
    "an ANSI escape": "\x1b[2J\x1b[31mgone",
    "right to left": "\u202egnp.exe",
    "line separators": "a\u2028b\u2029c\x85d\x0bf\x0cg",
    "a NUL": "a\x00b",
    "half a surrogate pair": "\ud83d",
}


@pytest.fixture
def line() -> Iterator[Callable[..., str]]:
    """Call it as a logger's method: it returns what would stand in the log."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    logger = logging.getLogger("test.logs")
    logger.addHandler(handler)
    logger.propagate = False

    def written(message: str, *arguments: object, **options: Any) -> str:
        stream.truncate(stream.seek(0))
        logger.error(message, *arguments, **options)
        return stream.getvalue()

    yield written
    logger.removeHandler(handler)
    logger.propagate = True


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("place", ["message", "argument", "field"])
def test_hostile_text_stays_inside_its_line_and_field(line: Callable[..., str], text: str, place: str) -> None:
    if place == "message":
        written = line(text)
    else:
        written = line("tried: %s", text) if place == "argument" else line("tried", extra={"detail_name": text})

    assert len(written.splitlines()) == 1
    assert written.endswith("}\n")
    assert written.isascii(), "a terminal could act on it"
    assert written.rstrip("\n").isprintable()
    assert json.loads(written)["level"] == "ERROR"


@pytest.mark.parametrize("text", ["x" * 1_000_000, "x\n" * 500_000], ids=["one line", "many lines"])
def test_a_megabyte_is_cut(line: Callable[..., str], text: str) -> None:
    written = json.loads(line("tried %s", text, extra={"detail_name": text}))

    assert len(written["detail_name"]) == LONGEST_VALUE
    assert len(written["message"]) == LONGEST_VALUE


def test_no_token_of_a_link_is_cut_in_two(line: Callable[..., str]) -> None:
    token = f"7-{'a' * 64}"

    for before in range(LONGEST_VALUE - 80, LONGEST_VALUE + 1):
        written = json.loads(line("/" * before + token))["message"]
        assert "aa" not in written


def test_a_long_number_costs_no_more_than_any_other_text(line: Callable[..., str]) -> None:
    """Looked at from each of its digits, a megabyte of them would take hours."""
    began = time.process_time()

    line("9" * 1_000_000, exc_info=ValueError("9" * 1_000_000))

    assert time.process_time() - began < 1


def test_a_long_user_agent_in_an_attached_object_is_left_out(line: Callable[..., str]) -> None:
    written = json.loads(line("failed", extra={"request": object(), "status_code": 500}))

    assert "request" not in written
    assert written["status_code"] == 500


def test_a_traceback_is_one_line_and_keeps_its_end(line: Callable[..., str]) -> None:
    written = line("failed", exc_info=ValueError("x" * 20_000 + "the end"))

    assert len(written.splitlines()) == 1
    assert len(json.loads(written)["exc_info"]) <= 8000
    assert json.loads(written)["exc_info"].endswith("the end")


def test_a_line_says_when_who_and_what(line: Callable[..., str]) -> None:
    written = json.loads(line("moved"))

    assert {"time", "level", "logger", "message"} <= set(written)
    assert (written["logger"], written["message"]) == ("test.logs", "moved")

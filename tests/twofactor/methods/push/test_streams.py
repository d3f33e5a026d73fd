"""The waiting page hears of the answer by itself: over real HTTP, from the browser that asked, and from no other."""

from __future__ import annotations

import asyncio
import http.client
import signal
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import uvicorn
from django.test import Client

from tests.bed import push_service, servers
from tests.bed.visitor import Visitor
from tests.twofactor.methods.push.phones import NUMBER, PAGE, another, linked_phone, number_in, waiting
from twofactor.methods.push import wakeup
from twofactor.methods.push.streams import CLOSING, MOST_PAGES, Hub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from unittest.mock import Mock

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.phone import Phone

    Listen = Callable[[Visitor], "Stream"]

EVENTS = f"{PAGE}events/"


class Stream:
    """One open stream, read line by line."""

    def __init__(self, visitor: Visitor, path: str = EVENTS) -> None:
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        self._connection = http.client.HTTPConnection(urlsplit(visitor.url).netloc, timeout=15)
        self._connection.request("GET", path, headers={"Cookie": cookies, "Accept-Encoding": "gzip"})
        self.response = self._connection.getresponse()

    def line(self) -> str:
        return self.response.readline().decode().strip()

    def event(self) -> str:
        """The next event's name; "" when the stream ends without one."""
        while raw := self.response.readline():
            if raw.startswith(b"event: "):
                return raw.decode().removeprefix("event: ").strip()
        return ""

    def close(self) -> None:
        self.response.close()
        self._connection.close()


@pytest.fixture
def listen(transactional_db: None) -> Iterator[Callable[[Visitor], Stream]]:  # noqa: ARG001 - the server reads its rows
    """Open a stream; all are closed at the end."""
    opened: list[Stream] = []

    def open_one(visitor: Visitor) -> Stream:
        opened.append(Stream(visitor))
        return opened[-1]

    yield open_one
    for stream in opened:
        stream.close()


def asked(url: str, user: User) -> tuple[Visitor, str]:
    """A browser that waits, and the number it shows."""
    visitor = Visitor(url)
    assert visitor.give_password(user).status == 302
    found = NUMBER.search(visitor.get(PAGE).body.decode())
    assert found is not None
    return visitor, found[1]


@pytest.mark.parametrize("outcome", ["approved", "denied", "wrong_number"])
def test_it_says_what_the_phone_said_at_once(outcome: str, uvicorn_url: str, alice: User, listen: Listen) -> None:
    phone = linked_phone(alice)
    visitor, number = asked(uvicorn_url, alice)
    [request] = phone.pending()
    stream = listen(visitor)
    assert stream.line() == "retry: 2000"

    started = time.monotonic()
    answer(phone, request, number, outcome)

    assert stream.event() == outcome
    assert time.monotonic() - started < 3
    assert stream.event() == "", "it ends"
    assert stream.response.headers["Content-Type"] == "text/event-stream"
    assert stream.response.headers["Content-Encoding"] is None


def answer(phone: Phone, request: dict[str, object], number: str, outcome: str) -> None:
    if outcome == "denied":
        phone.no(request)
    else:
        phone.yes(request, number if outcome == "approved" else another(number))


def test_without_redis_it_finds_out_by_itself(
    uvicorn_url: str, alice: User, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "tell", lambda *_: None)
    phone = linked_phone(alice)
    visitor, number = asked(uvicorn_url, alice)
    stream = listen(visitor)
    stream.line()

    phone.yes(phone.pending()[0], number)

    assert stream.event() == "approved"


def test_it_ends_when_the_number_runs_out(uvicorn_url: str, alice: User, listen: Listen, clock: TestClock) -> None:
    linked_phone(alice)
    visitor, _number = asked(uvicorn_url, alice)
    stream = listen(visitor)
    stream.line()

    clock.advance(timedelta(seconds=121))

    assert stream.event() == "expired"


def test_an_answer_before_the_stream_was_opened_is_not_missed(uvicorn_url: str, alice: User, listen: Listen) -> None:
    phone = linked_phone(alice)
    visitor, number = asked(uvicorn_url, alice)
    phone.yes(phone.pending()[0], number)

    assert listen(visitor).event() == "approved"


def test_a_push_that_does_not_leave_is_told_within_seconds(uvicorn_url: str, alice: User, listen: Listen) -> None:
    """N19: the page then offers the code."""
    with push_service.running() as gone:
        linked_phone(alice, gone)
    visitor, _number = asked(uvicorn_url, alice)

    started = time.monotonic()

    assert listen(visitor).event() == "delayed"
    assert time.monotonic() - started < 6.5


def test_more_pages_wait_than_there_are_connections_to_the_database(
    uvicorn_url: str, alice: User, listen: Listen
) -> None:
    phone = linked_phone(alice)
    visitor, number = asked(uvicorn_url, alice)
    streams = [listen(visitor) for _ in range(40)]
    for stream in streams:
        stream.line()

    phone.yes(phone.pending()[0], number)

    assert [stream.event() for stream in streams] == ["approved"] * 40


def test_more_than_any_person_opens_ask_again_instead_of_waiting(uvicorn_url: str, alice: User, listen: Listen) -> None:
    phone = linked_phone(alice)
    visitor, number = asked(uvicorn_url, alice)
    waiting_pages = [listen(visitor) for _ in range(MOST_PAGES)]
    for stream in waiting_pages:
        assert stream.line() == "retry: 2000"

    one_more = listen(visitor)
    assert one_more.line() == "retry: 2000"
    assert one_more.event() == "", "it ends"

    phone.yes(phone.pending()[0], number)
    assert [stream.event() for stream in waiting_pages] == ["approved"] * MOST_PAGES
    assert listen(visitor).event() == "approved", "the next time it asks"


def test_no_page_holds_an_update_up(uvicorn_url: str, alice: User, listen: Listen) -> None:
    """A server that is told to stop waits for open streams; so they end, in order, and browsers ask another one."""
    phone = linked_phone(alice)
    visitor, number = asked(uvicorn_url, alice)
    with servers.streams_running(grace=60) as old:
        streams = [listen(replace(visitor, url=old.url)) for _ in range(40)]
        for stream in streams:
            assert stream.line() == "retry: 2000"

        started = time.monotonic()
        old.process.terminate()

        assert {stream.event() for stream in streams} == {""}
        old.process.wait(60)
        assert time.monotonic() - started < 3, "of the 60 seconds that it had"
    again = listen(visitor)
    phone.yes(phone.pending()[0], number)
    assert again.event() == "approved"


@pytest.fixture
def no_loop_of_playwright() -> Iterator[None]:
    """Once a page was opened, Playwright keeps its event loop running in this thread, and no other may."""
    kept = asyncio._get_running_loop()  # noqa: SLF001 - there is no other way to set it aside
    asyncio._set_running_loop(None)  # noqa: SLF001
    yield
    asyncio._set_running_loop(kept)  # noqa: SLF001


@pytest.mark.usefixtures("no_loop_of_playwright")
@pytest.mark.parametrize("others_waited", [True, False])
def test_nor_does_one_that_comes_when_the_server_is_stopping(*, others_waited: bool) -> None:
    async def late() -> str:
        hub = Hub()
        if others_waited:
            hub.close()
        with hub.place("a request") as place:
            return await place.next_state(patience=5)

    server = uvicorn.Server(uvicorn.Config("config.asgi:application", log_config=None))
    server.should_exit = not others_waited
    handlers = {number: signal.signal(number, server.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert asyncio.run(late()) == CLOSING
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@pytest.mark.django_db
def test_behind_a_server_of_pages_it_says_how_things_stand_and_ends(alice: User) -> None:
    """WSGI: a page that waits must not hold a worker."""
    phone, browser = linked_phone(alice), waiting(alice)
    number = number_in(browser)
    assert read(browser) == "retry: 2000\n\n"

    phone.yes(phone.pending()[0], number)

    assert read(browser) == "retry: 2000\n\nevent: approved\ndata: {}\n\n"


@pytest.mark.django_db
def test_nobody_else_hears_of_it(alice: User, settings: Mock) -> None:
    """PU-07."""
    phone, browser = linked_phone(alice), waiting(alice)
    phone.yes(phone.pending()[0], number_in(browser))
    thief = waiting(alice, REMOTE_ADDR="198.51.100.7")

    assert "approved" not in read(thief)
    assert Client().get(EVENTS).status_code == 404
    assert settings.SITE_URL


def read(browser: Client) -> str:
    answer = browser.get(EVENTS)
    assert answer.headers["Content-Type"] == "text/event-stream"
    return b"".join(answer.streaming_content).decode()

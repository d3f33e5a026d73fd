"""Waiting pages hear of the answer by themselves (Server-Sent Events).

Under ASGI a page costs a small coroutine. One subscriber listens for all pages of the process; whatever it misses, a
look at the database every few seconds finds. Under WSGI, where a waiting page would hold a worker, the stream says how
things stand and ends, and the browser asks again two seconds later.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections import defaultdict
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import redis.asyncio
from asgiref.sync import SyncToAsync, sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, InterfaceError, connections

from twofactor.methods.push.models import PushRequest
from twofactor.methods.push.standing import DELIVERED_WITHIN, WAITING, is_undelivered, standing_of, state_of
from twofactor.methods.push.wakeup import CHANNEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from accounts.requests import Request
    from twofactor.challenge.asked import Asked

    Content = Iterator[str] | AsyncIterator[str]

RETRY = "retry: 2000\n\n"  # milliseconds until a browser that lost its stream asks again
ALIVE = ": \n\n"  # a comment: proxies close what says nothing
ALIVE_EVERY = 15.0
LOOK_EVERY = 2.0
RECONNECT_AFTER = 1.0
SUBSCRIBED_WITHIN = 0.5
MOST_PAGES = 50  # that wait for one request: whoever has a password must not fill the process with open streams
CLOSING = "closing"


def events(request: Request, asked: Asked) -> Content:
    """The stream of a browser's latest request."""
    standing = standing_of(asked)
    request_id = standing.request.pk if standing.request is not None and standing.state == WAITING else ""
    is_async = isinstance(request, ASGIRequest)
    if request_id and is_async:
        return _wait(request, request_id, asked.user.pk)
    said = [RETRY] if standing.state == WAITING else [RETRY, event(standing.state)]
    return _at_once(said) if is_async else iter(said)


def event(state: str) -> str:
    return f"event: {state}\ndata: {{}}\n\n"


async def _at_once(said: list[str]) -> AsyncIterator[str]:
    for part in said:
        yield part


async def _wait(request: Request, request_id: str, user_id: int) -> AsyncIterator[str]:
    await _let_go(request)
    if not hub().has_room(request_id):
        yield RETRY
        return
    with hub().place(request_id) as place:
        yield RETRY
        await hub().listens()
        # Asked after taking the place and subscribing: an answer that comes in between is heard.
        place.hear(await _in_thread(partial(_state_of, request_id)))
        patience = DELIVERED_WITHIN.total_seconds()
        while (state := await place.next_state(patience)) == WAITING:
            is_first = patience != ALIVE_EVERY
            patience = ALIVE_EVERY
            is_late = is_first and await _in_thread(partial(is_undelivered, request_id, user_id))
            yield event("delayed") if is_late else ALIVE
        if state != CLOSING:
            yield event(state)


class Place:
    """One waiting page."""

    __slots__ = ("_changed", "_state")

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._state = WAITING

    def hear(self, state: str) -> None:
        if state != WAITING and self._state == WAITING:
            self._state = state
            self._changed.set()

    async def next_state(self, patience: float) -> str:
        """The state as soon as it is another one, else after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._changed.wait()
        return self._state


class Hub:
    """The waiting pages of one process, by the request that each waits for."""

    def __init__(self) -> None:
        self._places: defaultdict[str, list[Place]] = defaultdict(list)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._loop = asyncio.get_running_loop()
        self._listens_for_stop = self._is_closing = False
        self._is_subscribed = asyncio.Event()

    def has_room(self, request_id: str) -> bool:
        return len(self._places.get(request_id, ())) < MOST_PAGES

    @contextmanager
    def place(self, request_id: str) -> Iterator[Place]:
        place = Place()
        self._places[request_id].append(place)
        self._start()
        if self._is_closing:  # its request was on the way when the process was told to stop
            place.hear(CLOSING)
        try:
            yield place
        finally:
            self._places[request_id].remove(place)
            if not self._places[request_id]:
                del self._places[request_id]

    async def listens(self) -> None:
        """Once Redis would tell us; after a moment in any case."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SUBSCRIBED_WITHIN):
                await self._is_subscribed.wait()

    def tell(self, request_id: str, state: str) -> None:
        for place in self._places.get(request_id, ()):
            place.hear(state)

    def close(self) -> None:
        """End every stream: the process is told to stop. Browsers come back, and find another one."""
        self._is_closing = True
        for request_id in list(self._places):
            self.tell(request_id, CLOSING)

    def _start(self) -> None:
        if not self._listens_for_stop:
            self._listens_for_stop = True
            self._close_on_stop()
        for work in (self._listen, self._look):
            task = self._tasks.get(work.__name__)
            if task is None or task.done():  # each ends with the last page that waits
                self._tasks[work.__name__] = asyncio.create_task(work())

    async def _listen(self) -> None:
        """While anybody waits; again and again when Redis goes away."""
        while self._places and settings.REDIS_URL:
            with suppress(redis.RedisError, OSError):
                await self._hear_from_redis()
            self._is_subscribed.clear()
            await asyncio.sleep(RECONNECT_AFTER)

    async def _hear_from_redis(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, health_check_interval=10)
        async with client, client.pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            while self._places:
                message = await subscription.get_message(timeout=RECONNECT_AFTER)
                if message is not None and message["type"] == "subscribe":
                    self._is_subscribed.set()
                elif message is not None:
                    request_id, _blank, state = message["data"].decode().partition(" ")
                    self.tell(request_id, state)

    async def _look(self) -> None:
        """One query for all: the answers that no message told of, and the requests that have run out."""
        while self._places:
            await asyncio.sleep(LOOK_EVERY)
            with suppress(DatabaseError, InterfaceError):  # away for a moment: the next look may find it
                for request_id, state in await _in_thread(partial(_states_of, list(self._places))):
                    self.tell(request_id, state)

    def _close_on_stop(self) -> None:
        """Before whoever else handles the signal: a server waits for open streams, and would wait in vain."""
        if threading.current_thread() is not threading.main_thread():
            return
        server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, partial(self._stop, signal.getsignal(number)))
        # Before the first page of this process waited nobody heard the signal but uvicorn's server.
        self._is_closing |= getattr(server, "should_exit", False)

    def _stop(self, before: Any, number: int, frame: Any) -> None:
        self._loop.call_soon_threadsafe(self.close)
        if callable(before):
            before(number, frame)


HUBS: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The one of this process; tests have several loops."""
    return HUBS.setdefault(asyncio.get_running_loop(), Hub())


def _states_of(request_ids: list[str]) -> list[tuple[str, str]]:
    requests = PushRequest.objects.filter(pk__in=request_ids).only("state", "expires_at")
    return [(request.pk, state_of(request)) for request in requests]


def _state_of(request_id: str) -> str:
    return dict(_states_of([request_id])).get(request_id, "expired")


async def _in_thread(ask: Any) -> Any:
    """In one of the few threads that all streams share; the connection goes back at once."""

    def asked() -> Any:
        try:
            return ask()
        finally:
            connections.close_all()

    return await sync_to_async(asked, thread_sensitive=False)()


async def _let_go(request: Request) -> None:
    """Give back what Django keeps for a request until its answer has ended: a connection, a thread, a person's rows.

    A thousand waiting pages would hold a thousand of each.
    """
    request.__dict__.clear()
    await sync_to_async(connections.close_all)()
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.pop(context, None) if context is not None else None
    if executor is not None:
        executor.shutdown(wait=False)

"""Tells a worker that a message waits. Only the fast path: what no poke reaches, the sweep delivers."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

# Imported with the process: Celery would load its transport inside the first request that pokes.
import kombu.transport.redis  # noqa: F401
from kombu import pools

from messaging.tasks import POKE_EXPIRES_SECONDS, deliver_message

if TYPE_CHECKING:
    from uuid import UUID

# A request waits no longer than this for a Redis that hangs; one that is gone refuses at once.
QUICK = {"socket_connect_timeout": 0.1, "socket_timeout": 0.1, "retry_on_timeout": False, "max_retries": 0}
REST_SECONDS = 30.0
POKE_LIFE = timedelta(seconds=POKE_EXPIRES_SECONDS)

log = logging.getLogger("sallyport.messaging")


class Breaker:
    """Open after a failure: for a while nobody tries, then one caller does. It counts real time, which never jumps."""

    def __init__(self, rest_seconds: float) -> None:
        self._rest_seconds = rest_seconds
        self._lock = threading.Lock()
        self._next_try: float | None = None

    def lets_through(self) -> bool:
        with self._lock:
            if self._next_try is None:
                return True
            is_our_turn = time.monotonic() >= self._next_try
            if is_our_turn:
                self.failed()  # until this caller knows better, all others keep out
            return is_our_turn

    def failed(self) -> None:
        self._next_try = time.monotonic() + self._rest_seconds

    def worked(self) -> None:
        self._next_try = None


BREAKER = Breaker(REST_SECONDS)


def poke(message_id: UUID, *, after: timedelta = timedelta(0)) -> None:
    """Wake a worker, now or in a moment, if Redis answers at once; never raises, since the row is safe already."""
    if not BREAKER.lets_through():
        return
    try:
        _publish(message_id, after)
    except Exception as failure:  # noqa: BLE001 - nothing that Redis does may fail the request
        BREAKER.failed()
        log.warning("no poke: the sweep delivers", extra={"error": type(failure).__name__})
    else:
        BREAKER.worked()


def _publish(message_id: UUID, after: timedelta) -> None:
    app = deliver_message.app
    options = {**app.conf.broker_transport_options, **QUICK}
    # A pool of its own, because a worker reads from Redis with longer waits than a request can afford.
    pool = pools.producers[app.connection_for_write(transport_options=options)]
    with pool.acquire(block=True, timeout=QUICK["socket_timeout"]) as producer:
        deliver_message.apply_async(
            (str(message_id),), producer=producer, retry=False, countdown=after.total_seconds() or None
        )

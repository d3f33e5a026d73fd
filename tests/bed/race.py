"""Many threads do one thing at the same instant."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")
LONGEST_WAIT = 180


def race(threads: int, attempt: Callable[[int], Result]) -> list[Result]:
    """Call attempt(0) … attempt(threads - 1) at once; returns what they return, raises what any of them raises."""
    barrier = Barrier(threads)

    def run(number: int) -> Result:
        try:
            connections["default"].ensure_connection()  # connecting takes longest: it must not stagger the start
            barrier.wait(LONGEST_WAIT)
            return attempt(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads), timeout=LONGEST_WAIT))

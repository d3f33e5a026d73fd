"""Many threads do one thing at the same instant."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")
LONGEST_WAIT = 180
# make test runs each race twice with eight threads, enough to meet a missing lock; make prove runs all of it (RACES).
IS_FULL = os.environ.get("RACES") == "full"


def rounds(full: int) -> int:
    """How often a race is run."""
    return full if IS_FULL else min(full, 2)


def threads(full: int, *, few: int = 8) -> int:
    """How many take part in it; few of them, where a limit lets some through, must be more than those."""
    return full if IS_FULL else min(full, few)


def race(number: int, attempt: Callable[[int], Result]) -> list[Result]:
    """Call attempt(0) … attempt(number - 1) at once; returns what they return, raises what any of them raises."""
    barrier = Barrier(number)

    def run(place: int) -> Result:
        try:
            connections["default"].ensure_connection()  # connecting takes longest: it must not stagger the start
            barrier.wait(LONGEST_WAIT)
            return attempt(place)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number), timeout=LONGEST_WAIT))

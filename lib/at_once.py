"""Work that only so many processes and threads of a machine do at the same time."""

from __future__ import annotations

import fcntl
import os
import random
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK_EVERY_SECONDS = 0.01


class NoRoom(Exception):
    """As many as may are at it."""


@contextmanager
def one_of(name: str, most: int, *, wait_seconds: float) -> Iterator[None]:
    """Around the work. Raises NoRoom after having waited so long.

    A place is a lock on a file, which the system gives back whatever becomes of the process that holds it.
    """
    give_up_at = time.monotonic() + wait_seconds
    while (place := _free_place(name, most)) is None:
        if time.monotonic() >= give_up_at:
            raise NoRoom
        time.sleep(LOOK_EVERY_SECONDS)
    try:
        yield
    finally:
        os.close(place)


def _free_place(name: str, most: int) -> int | None:
    """The open file of a place that is ours from now on, None if all are taken."""
    for number in random.sample(range(most), most):
        file = Path(tempfile.gettempdir()) / f"sallyport-{os.getuid()}-{name}-{number}"
        place = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with suppress(BlockingIOError):
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return place
        os.close(place)
    return None

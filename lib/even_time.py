"""Answers that come at the same moment, whatever was found (ASVS 6.3.8)."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta


@contextmanager
def at_least(least: timedelta) -> Iterator[None]:
    """Whatever is done in here ends no sooner; the thread is idle meanwhile. Enter it outside any transaction."""
    began = time.perf_counter()
    yield
    wait_until(began + least.total_seconds())


def wait_until(moment: float) -> None:
    """A moment of time.perf_counter()."""
    time.sleep(max(0.0, moment - time.perf_counter()))

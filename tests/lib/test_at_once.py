"""So many at once, over threads and processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.at_once import NoRoom, one_of

HOLD = """
import sys
from lib.at_once import one_of
with one_of({name!r}, 1, wait_seconds=0):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_no_more_than_that_are_inside(request: pytest.FixtureRequest) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def work(_number: int) -> None:
        nonlocal inside, most
        with one_of(request.node.name, 3, wait_seconds=30):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(24)))

    assert most == 3


def test_whoever_finds_no_room_is_told_after_the_wait(request: pytest.FixtureRequest) -> None:
    name = request.node.name
    with one_of(name, 1, wait_seconds=0), pytest.raises(NoRoom), one_of(name, 1, wait_seconds=0.05):
        pass


def test_a_process_that_is_killed_gives_its_place_back(request: pytest.FixtureRequest) -> None:
    program = HOLD.format(name=request.node.name)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(NoRoom), one_of(request.node.name, 1, wait_seconds=0):
            pass

        other.kill()
        other.wait()

    with one_of(request.node.name, 1, wait_seconds=0):
        pass

"""Child processes that never outlive this one."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
STOP_SECONDS = 5.0


class Children:
    """Processes by name, each in a process group of its own so that Ctrl-C reaches the parent alone."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], *, inherited: Sequence[int] = (), quiet: bool = False) -> None:
        self._processes[name] = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=self._folder,
            env=self._environment,
            pass_fds=inherited,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else None,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has no threads
        )

    def ended(self) -> str:
        """The name of a child that has ended, or "" while all run."""
        return next((name for name, process in self._processes.items() if process.poll() is not None), "")

    def stop(self) -> None:
        """The last started first, since each leans on those before it; within STOP_SECONDS in all."""
        deadline = time.monotonic() + STOP_SECONDS
        for process in reversed(self._processes.values()):
            signal_group(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            signal_group(process.pid, signal.SIGKILL)  # whatever it has left behind
            process.wait()


def signal_group(leader: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, number)


def die_with_parent() -> None:
    """Have Linux kill this child when its parent dies, by kill -9 too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

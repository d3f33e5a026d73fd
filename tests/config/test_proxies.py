"""Whom the portal takes a visitor for, behind a trusted proxy of each kind (PW-07)."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest

from audit.models import SecurityEvent
from lib.models import Counter
from tests.bed.servers import START_SECONDS, answers, as_in_tests, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "c" * 32
V4, V6 = "203.0.113.7", "2001:db8:7::9"
WRITTEN = {
    V4: V4,
    f"{V4}:52044": V4,
    f"198.51.100.1 ,{V4}:52044": V4,
    V6: V6,
    f"[{V6}]": V6,
    f"[{V6}]:52044": V6,
    f"::ffff:{V4}": V4,
    f"[::ffff:{V4}]:443": V4,
    "::FFFF:CB00:7107": V4,
    "2001:DB8:7:0::9": V6,
    "fe80::9%eth0": "fe80::9",
    f"198.51.100.1, {V4}:52044": V4,
    f"198.51.100.1:1, {V4}:52044, 127.0.0.1:8080": V4,
    f"198.51.100.1:1, {V4}, ::ffff:127.0.0.1, [::1]:80": V4,
}
UNREADABLE = (
    "unknown", "_hidden", "203.0.113", "203.0.113.7:port", "203.0.113.7:", "203.0.113.7:1:2", "[2001:db8::1",
    "2001:db8::1]", "[2001:db8::1]443", "[203.0.113.7]", "203.0.113.007", "203.0.113.7.", "for=203.0.113.7", "9" * 500,
    "fe80::1%" + "x" * 500,
)  # fmt: skip


class Proxied(NamedTuple):
    """The portal as a proxy reaches it."""

    url: str
    proxy: str  # the address that the portal sees

    def address_of_visitor(self, forwarded: str) -> str:
        """What the record says of a wrong password."""
        SecurityEvent.objects.all().delete()
        Counter.objects.all().delete()  # the limits are not what is asked here
        fields = {"login": "nobody@nowhere.example", "password": "wrong", "csrfmiddlewaretoken": TOKEN}
        headers = {"Cookie": f"csrf={TOKEN}", "X-Forwarded-For": forwarded}
        answer = httpx.post(f"{self.url}/login/", data=fields, headers=headers, timeout=60)
        assert answer.status_code == 422, answer.text
        return str(SecurityEvent.objects.get().ip)

    def ready(self) -> dict[str, str]:
        found: dict[str, str] = httpx.get(f"{self.url}/healthz/ready", timeout=60).json()
        return found


@contextmanager
def listening_for(family: socket.AddressFamily, host: str, trusted: str) -> Iterator[tuple[Proxied, Path]]:
    """One worker, so that what it has seen shows in each answer; and its log."""
    is_dual = family == socket.AF_INET6
    address = ("::" if is_dual else "127.0.0.1", 0)
    listener = socket.create_server(address, family=family, dualstack_ipv6=is_dual)
    environment = as_in_tests() | {"TRUSTED_PROXIES": trusted, "LOG_LEVEL": "ERROR"}
    options = ["--workers", "1", "--bind", f"fd://{listener.fileno()}", "--no-control-socket", "--log-level", "error"]
    with tempfile.NamedTemporaryFile() as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "config.wsgi", *options],
            pass_fds=[listener.fileno()],
            env=environment,
            stderr=log,
        )
        try:
            wait_until(lambda: answers(listener.getsockname()[1]))
            yield Proxied(f"http://{host}:{listener.getsockname()[1]}", host.strip("[]")), Path(log.name)
        finally:
            server.terminate()
            server.wait(START_SECONDS)
            listener.close()


LISTENERS = {
    "IPv4": (socket.AF_INET, "127.0.0.1", "127.0.0.0/24,::1"),
    "IPv4 at a listener for both": (socket.AF_INET6, "127.0.0.1", "127.0.0.0/24,::1"),
    "the same, written as that listener sees it": (socket.AF_INET6, "127.0.0.1", "::ffff:127.0.0.0/120,::1"),
    "IPv6": (socket.AF_INET6, "[::1]", "127.0.0.0/24,::1"),
}


@pytest.fixture(scope="module", params=LISTENERS)
def portal(request: pytest.FixtureRequest, django_db_setup: None) -> Iterator[Proxied]:  # noqa: ARG001 - order matters
    with listening_for(*LISTENERS[request.param]) as (proxied, _log):
        yield proxied


def test_the_visitor_is_whom_the_proxy_names_however_it_writes_it(portal: Proxied) -> None:
    assert {written: portal.address_of_visitor(written) for written in WRITTEN} == WRITTEN
    assert portal.ready()["forwarded"] == "ok"


def test_nobody_hides_behind_what_cannot_be_read(portal: Proxied) -> None:
    """What stands left of it is a visitor's own word."""
    for written in ("1.2.3.4, nonsense", f"nonsense, {V4}:52044, 127.0.0.1"):
        seen = portal.address_of_visitor(written)
        assert seen == (V4 if V4 in written else portal.proxy)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_one_that_cannot_be_read_is_said_once_and_shown(
    family: socket.AddressFamily,
    django_db_setup: None,  # noqa: ARG001 - order matters
) -> None:
    with listening_for(family, "127.0.0.1", "127.0.0.1") as (portal, log):
        before = portal.ready()
        seen = {portal.address_of_visitor(written) for written in UNREADABLE}
        after, lines = portal.ready(), log.read_text(encoding="utf-8").splitlines()

    assert seen == {portal.proxy}
    assert (before["forwarded"], after["forwarded"], after["status"]) == ("ok", "unreadable", "degraded")
    told = [json.loads(line) for line in lines if "X-Forwarded-For" in line]
    assert [line["forwarded"] for line in told] == [UNREADABLE[0]]


def test_a_stranger_beside_the_proxy_is_not_believed(django_db_setup: None) -> None:  # noqa: ARG001 - order matters
    with listening_for(socket.AF_INET6, "127.0.0.1", "10.0.0.5,::ffff:10.0.0.6") as (portal, _log):
        assert portal.address_of_visitor(V4) == "127.0.0.1"
        assert portal.ready()["forwarded"] == "ok"

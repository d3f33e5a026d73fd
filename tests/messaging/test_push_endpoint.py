"""A subscription's address is what a browser says: it must not lead the portal anywhere else (SSRF)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from messaging.push_endpoint import Endpoint, NotAllowed

if TYPE_CHECKING:
    from pytest_django import Settings


@pytest.mark.parametrize(
    "url",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:443/fcm/send/abc?x=1",
        "https://one.push.example/abc",
        "http://127.0.0.1:9000/push",
    ],
)
def test_a_listed_service_is_allowed(url: str) -> None:
    assert Endpoint.parse(url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "fcm.googleapis.com/fcm",
        "http://fcm.googleapis.com/fcm",
        "https://fcm.googleapis.com:8443/fcm",
        "https://fcm.googleapis.com.evil.example/",
        "https://evilfcm.googleapis.com/",
        "https://push.example/",
        "https://evilpush.example/",
        "https://user@fcm.googleapis.com/",
        "https://fcm.googleapis.com@evil.example/",
        "https://evil.example#.push.example",
        "https://evil.example\\.push.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "http://localhost:9000/",
        "http://169.254.169.254/latest/",
        "https://fcm.googleapis.com/\r\nHost: evil",
        "https://fcm.googleapis.com/ x",
        "https://fcm.googleapis.com:99999/",
        "file:///etc/passwd",
        "https://fcm.googleapis.com/" + "x" * 1000,
        "https://ﬁ.push.example/",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    with pytest.raises(NotAllowed):
        Endpoint.parse(url)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["172.16.0.1"],
        ["192.168.1.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.0.0.0"],
        ["224.0.0.1"],
        ["::1"],
        ["fe80::1"],
        ["fc00::1"],
        ["::ffff:10.0.0.1"],
        ["64:ff9b::10.0.0.1"],
        ["64:ff9b::8.8.8.8"],
        ["64:ff9b:1::a00:1"],
        ["64:ff9b:1:ffff::1"],
        ["2002:a00:1::1"],
        ["2002:808:808::1"],
        ["2001:0:a00:1::1"],
        ["::10.0.0.1"],
        ["::ffff:0:10.0.0.1"],
        ["2a00:1450::5efe:10.0.0.1"],
        ["2a00:1450::200:5efe:10.0.0.1"],
        ["fec0::1"],
        ["4000::1"],
        ["2a00:1450:4001::5f", "64:ff9b::169.254.169.254"],
        ["142.250.1.1", "127.0.0.1"],
    ],
)
def test_a_listed_name_that_leads_inside_is_refused(addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, addresses)

    with pytest.raises(NotAllowed):
        Endpoint.parse("https://one.push.example/abc").resolve()


def test_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, ["142.250.1.1", "2a00:1450:4001::5f"])

    assert Endpoint.parse("https://one.push.example/abc").resolve() == "142.250.1.1"


def test_a_service_on_this_machine_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.PUSH_ENDPOINT_HOSTS = ["http://push.local"]
    answer_with(monkeypatch, ["10.0.0.1"])

    with pytest.raises(NotAllowed):
        Endpoint.parse("http://push.local/abc").resolve()


def answer_with(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    """What the name servers say."""

    def found(_host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)

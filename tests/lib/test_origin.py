"""Where a request came from, and who cannot choose it (PW-07)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import RequestFactory

from lib.origin import USER_AGENT_LIMIT, Origin, client_ip, origin_of

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

PEER = "203.0.113.9"
PROXY = "10.0.0.2"


def ip_of(peer: str, forwarded: str | None = None, **more: str) -> str:
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_ip(RequestFactory().get("/", REMOTE_ADDR=peer, **headers, **more))


@pytest.fixture
def behind_proxies(settings: SettingsWrapper) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/24", "2001:db8:1::/48"]


@pytest.mark.parametrize("forwarded", ["1.2.3.4", "a", "", "1.2.3.4, 5.6.7.8", "::1", "\x00", "9" * 5000])
def test_nobody_is_believed_by_default(forwarded: str) -> None:
    assert ip_of(PEER, forwarded) == PEER


@pytest.mark.usefixtures("behind_proxies")
@pytest.mark.parametrize("forwarded", ["1.2.3.4", "a", "10.0.0.7"])
def test_a_stranger_is_not_believed_beside_a_proxy(forwarded: str) -> None:
    assert ip_of(PEER, forwarded) == PEER


@pytest.mark.usefixtures("behind_proxies")
@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (PEER, PEER),
        (f"1.2.3.4, {PEER}", PEER),  # what the visitor wrote stands further left
        (f"1.2.3.4,{PEER} , 10.0.0.3", PEER),
        ("1.2.3.4, a", PROXY),
        ("a", PROXY),
        ("", PROXY),
        (f"{PEER}:443", PEER),
        (", ".join([PEER, *["10.0.0.3"] * 50]), "10.0.0.3"),  # nobody has so many proxies
        (f"a, {PEER}", PEER),
        ("2001:db8:2::5", "2001:db8:2::5"),
        ("10.0.0.3, 10.0.0.4", "10.0.0.3"),
    ],
)
def test_only_what_trusted_proxies_wrote_is_read(forwarded: str, expected: str) -> None:
    assert ip_of(PROXY, forwarded) == expected


@pytest.mark.usefixtures("behind_proxies")
@pytest.mark.parametrize("header", ["HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_CLIENT_IP", "HTTP_TRUE_CLIENT_IP"])
def test_no_other_header_is_read(header: str) -> None:
    assert ip_of(PROXY, None, **{header: "1.2.3.4"}) == PROXY


def test_a_unix_socket_is_this_machine() -> None:
    assert ip_of("") == "127.0.0.1"


def test_garbage_from_the_server_is_an_address_of_nowhere() -> None:
    assert ip_of("garbage") == "0.0.0.0"


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("203.0.113.255", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("64:ff9b::203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:7:1::9", "2001:db8:7::/48"),
        ("2001:db8:7:ffff::1", "2001:db8:7::/48"),
        ("fe80::1%eth0", "fe80::/48"),
    ],
)
def test_a_network_is_what_one_household_holds(ip: str, network: str) -> None:
    assert Origin(ip, "").network == network


@pytest.mark.django_db
def test_the_digest_of_a_network_tells_networks_apart_and_does_not_show_them() -> None:
    here, beside, elsewhere = (Origin(ip, "").network_digest for ip in ("203.0.113.9", "203.0.113.10", "203.0.114.9"))

    assert here == beside != elsewhere
    assert "203" not in here or len(here) == 64


def test_a_user_agent_is_cut_and_has_no_control_characters() -> None:
    agent = "Fire\x00fox\r\nX: y\x1b[2J\u202e" + "é" * 5000

    cleaned = origin_of(RequestFactory().get("/", HTTP_USER_AGENT=agent)).user_agent

    assert cleaned.isprintable()
    assert cleaned.startswith("Fire fox")
    assert len(cleaned) == USER_AGENT_LIMIT

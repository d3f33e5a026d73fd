"""Where one goes after signing in: never to another site (ASVS 3.7.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.bed.people import PASSWORD, code_app, totp_code

if TYPE_CHECKING:
    from accounts.user.models import User

OURS = ["/password/", "/2fa/?x=1#y", "/password/?next=https://evil.example/", "/no/such/page/"]
NOT_OURS = [
    "https://evil.example/",
    "http://evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "JavaScript:alert(1)//",
    "data:text/html,x",
    "\\\\evil.example",
    "/\\evil.example",
    "/\\/evil.example",
    "\\/evil.example",
    "/\tevil.example\\",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\x00//evil.example",
    "/\x00/evil.example",
    "//evil.example@testserver/",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "//testserver:80@evil.example/",
    "http://[evil",
    "//[evil",
    "password/",
    "?x",
    "#x",
    "",
    " ",
    "http://testserver",
    "x:/y",
    "/" + "x" * 2000,
    "//\u3002evil.example",
    "\u2028//evil.example",
    "\uff0f\uff0fevil.example",
    "/\u2044\uff0fevil.example:80//",
]
STILL_HERE = {"/\u2044\uff0fevil.example:80//"}  # a strange page, but one of ours
REFUSED_BY_THE_FORM = {wanted for wanted in NOT_OURS if "\x00" in wanted}


def host_of(location: str) -> str:
    """Which host a browser asks: it drops tabs and line breaks, and reads backslashes as slashes (WHATWG URL)."""
    cleaned = location.strip("".join(map(chr, range(33)))).translate(dict.fromkeys(map(ord, "\t\r\n")))
    cleaned = cleaned.replace("\\", "/")
    if not cleaned.startswith("/"):
        return "another"
    return "another" if cleaned.startswith("//") else "ours"


@pytest.mark.parametrize("wanted", OURS)
def test_our_own_pages_are_gone_to(alice: User, wanted: str) -> None:
    answer = Client().post("/login/", {"login": alice.email, "password": PASSWORD, "next": wanted})

    assert answer.headers["Location"] == wanted


@pytest.mark.parametrize("wanted", sorted(REFUSED_BY_THE_FORM))
def test_a_nul_in_the_field_is_refused(alice: User, wanted: str) -> None:
    answer = Client().post("/login/", {"login": alice.email, "password": PASSWORD, "next": wanted})

    assert answer.status_code == 422


@pytest.mark.parametrize("wanted", sorted(set(NOT_OURS) - REFUSED_BY_THE_FORM))
def test_nothing_leads_to_another_site(alice: User, wanted: str) -> None:
    answer = Client().post("/login/", {"login": alice.email, "password": PASSWORD, "next": wanted})

    assert answer.status_code == 302
    assert host_of(answer.headers["Location"]) == "ours"
    if wanted not in STILL_HERE:
        assert answer.headers["Location"] == "/security/"


@pytest.mark.parametrize("wanted", NOT_OURS)
def test_neither_the_address_nor_the_second_step_does(alice: User, wanted: str) -> None:
    device = code_app(alice)
    client = Client()
    client.post("/login/", {"login": alice.email, "password": PASSWORD}, query_params={"next": wanted})

    answer = client.post("/login/verify/totp/", {"code": totp_code(device)})

    assert answer.status_code == 302
    assert host_of(answer.headers["Location"]) == "ours"


@pytest.mark.parametrize("wanted", NOT_OURS)
def test_whoever_is_signed_in_is_not_sent_away_either(alices: Client, wanted: str) -> None:
    answer = alices.get("/login/", {"next": wanted})

    assert answer.status_code == 302
    assert host_of(answer.headers["Location"]) == "ours"


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_nor_does_confirming(alices: Client, wanted: str) -> None:
    answer = alices.post("/confirm/", {"password": PASSWORD}, query_params={"next": wanted})

    assert answer.headers["Location"] == "/security/"


def test_another_host_in_the_request_makes_nothing_ours(alice: User) -> None:
    answer = Client().post(
        "/login/",
        {"login": alice.email, "password": PASSWORD, "next": "https://evil.example/"},
        HTTP_HOST="evil.example",
    )

    assert answer.status_code == 400

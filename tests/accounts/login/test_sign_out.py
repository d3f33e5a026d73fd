"""Signing out (SE-08, ASVS 7.4.1, 14.3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.login.models import LoginAttempt
from accounts.sessions.models import Session
from audit.models import SecurityEvent
from tests.accounts.browsers import browser_with, is_in, key_of
from tests.bed.people import code_app, give_password, sign_in, totp_code

if TYPE_CHECKING:
    from accounts.user.models import User


def test_it_ends_the_session_here_and_on_the_server(alice: User, alices: Client) -> None:
    key = key_of(alices)

    answer = alices.post("/logout/")

    row = Session.objects.get(user=alice)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login/")
    assert (row.ended_by, row.data) == ("signed_out", "")
    assert "You are signed out." in alices.get("/login/").content.decode()
    assert row.ended_at is not None
    assert not is_in(alices)
    assert not is_in(browser_with(key))


@pytest.mark.parametrize(
    ("wanted", "leads"),
    [
        ("/authenticator/allow/", "/login/?next=%2Fauthenticator%2Fallow%2F"),
        ("https://elsewhere.example/", "/login/?next=%2Fsecurity%2F"),
    ],
)
def test_whoever_wants_to_be_there_as_somebody_else_comes_back(wanted: str, leads: str, alices: Client) -> None:
    assert alices.post("/logout/", {"next": wanted}).headers["Location"] == leads
    assert not is_in(alices)


def test_the_browser_is_told_to_forget(alices: Client) -> None:
    answer = alices.post("/logout/")

    assert "Clear-Site-Data" not in answer.headers  # seconds of waiting where the cache is full of other sites
    assert answer.cookies["session"].value == ""
    assert answer.cookies["session"]["max-age"] == 0
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete", "patch", "trace"])
def test_only_a_post_signs_out(alices: Client, method: str) -> None:
    answer = getattr(alices, method)("/logout/")

    assert answer.status_code == 405
    assert is_in(alices)


def test_another_site_cannot_do_it(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = _cookies_of(alice)

    answer = client.post("/logout/", HTTP_ORIGIN="https://evil.example")

    assert answer.status_code == 403
    assert is_in(client)


def _cookies_of(user: User) -> object:
    client = Client()
    sign_in(client, user)
    return client.cookies


def test_it_is_recorded(alice: User, alices: Client) -> None:
    alices.post("/logout/")

    assert SecurityEvent.objects.get(slug="signed_out").user == alice


def test_other_browsers_stay_signed_in(alice: User, alices: Client) -> None:
    other = Client()
    sign_in(other, alice)

    alices.post("/logout/")

    assert is_in(other)


def test_every_tab_of_the_browser_is_signed_out(alices: Client) -> None:
    other_tab = browser_with(key_of(alices))

    alices.post("/logout/")

    assert not is_in(other_tab)
    assert other_tab.post("/password/", {"password": "x"}).headers["Location"].startswith("/login/")


@pytest.mark.django_db
def test_a_visitor_may_sign_out_too() -> None:
    assert Client().post("/logout/").status_code == 302


def test_a_pending_attempt_dies_with_it(alice: User) -> None:
    device = code_app(alice)
    client = Client()
    give_password(client, alice)
    other_tab = browser_with(key_of(client))

    client.post("/logout/")

    answers = [browser.post("/login/verify/totp/", {"code": totp_code(device)}) for browser in (client, other_tab)]
    assert LoginAttempt.objects.get().state == LoginAttempt.State.ABANDONED
    assert [answer.headers["Location"] for answer in answers] == ["/login/", "/login/"]
    assert not any(is_in(browser) for browser in (client, other_tab))


def test_signing_out_twice_does_no_harm(alices: Client) -> None:
    alices.post("/logout/")

    assert alices.post("/logout/").status_code == 302

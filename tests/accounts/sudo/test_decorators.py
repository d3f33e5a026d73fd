"""Confirming before something sensitive (AC-01, AC-03, SE-01)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import resolve

from accounts.sudo.actions import NoSudo, own_sudo
from audit.models import SecurityEvent
from tests.accounts.browsers import browser_with, guess, is_in, key_of
from tests.bed.people import PASSWORD, code_app, sign_in, totp_code
from tests.bed.walk import known_of, places

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from twofactor.methods.totp.models import TOTPDevice

QUARTER, SECOND = timedelta(minutes=15), timedelta(seconds=1)
# Overviews, and pages that somebody without sudo must reach: the check by mail, the undo link, how many codes are left,
# trying what one has. What scripts ask tells nothing but whether a phone has answered.
OPEN_WITHOUT = {
    "/2fa/",
    "/2fa/browsers/",
    "/2fa/lost/",
    "/2fa/backup-codes/",
    "/2fa/check-up/",
    "/2fa/push/add/status/",
    "/2fa/push/events/",
    "/2fa/webauthn/signals/",
}
SENSITIVE = ["/password/", "/2fa/add/", "/2fa/totp/add/"]


def asks(client: Client, path: str) -> bool:
    """Whether the page sends one to confirm first."""
    answer = client.get(path)
    return answer.status_code == 302 and answer.headers["Location"].startswith("/confirm/")


def another_code(device: TOTPDevice, clock: TestClock) -> str:
    """The next code that the app shows: one counts once."""
    clock.advance(timedelta(seconds=30))
    return totp_code(device)


@pytest.mark.parametrize("path", SENSITIVE)
def test_a_sign_in_is_enough_for_15_minutes(alices: Client, clock: TestClock, path: str) -> None:
    clock.stop()
    at_once = asks(alices, path)
    clock.advance(QUARTER - SECOND)
    before = asks(alices, path)
    clock.advance(SECOND)

    assert (at_once, before, asks(alices, path)) == (False, False, True)


def test_every_sensitive_page_asks(alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    client = Client()
    sign_in(client, alice)
    clock.advance(QUARTER + SECOND)
    paths = [place.path for place in places(known_of(device)) if place.name.startswith("twofactor:")]
    by_mail = ("/2fa/check/", "/2fa/undo/")
    sensitive = [path for path in paths if path.startswith("/2fa/") and path not in OPEN_WITHOUT]
    tried = ("/try/", "/trial/", "/trial/events/")
    sensitive = [path for path in sensitive if not path.startswith(by_mail) and not path.endswith(tried)]
    sensitive = [path for path in sensitive if client.get(path).status_code != 405]

    assert len(sensitive) >= 4
    assert [path for path in [*sensitive, "/password/"] if not asks(client, path)] == []
    assert all(resolve(path) for path in sensitive)


def test_the_time_does_not_slide(alices: Client, clock: TestClock) -> None:
    for _ in range(4):
        clock.advance(timedelta(minutes=4))
        is_in(alices)

    assert asks(alices, "/password/")


def test_after_confirming_one_comes_back_and_stays_for_15_minutes(alices: Client, clock: TestClock) -> None:
    clock.advance(QUARTER + SECOND)
    sent = alices.get("/password/?x=1")

    answer = alices.post(sent.headers["Location"], {"password": PASSWORD})

    assert answer.headers["Location"] == "/password/?x=1"
    assert not asks(alices, "/password/")
    clock.advance(QUARTER + SECOND)
    assert asks(alices, "/password/")


def test_a_post_that_comes_too_late_is_not_replayed(alice: User, alices: Client, clock: TestClock) -> None:
    clock.advance(QUARTER + SECOND)
    new = "Seven-Green-Bottles-Hang-Low-3"

    sent = alices.post("/password/", {"current_password": PASSWORD, "password": new})
    back = alices.post(sent.headers["Location"], {"password": PASSWORD}, follow=True)

    assert back.request["REQUEST_METHOD"] == "GET"
    assert back.status_code == 200
    assert guess(Client(), alice, PASSWORD).status_code == 302


def test_confirming_brings_a_new_key(alices: Client) -> None:
    key = key_of(alices)

    alices.post("/confirm/", {"password": PASSWORD})

    assert key_of(alices) != key
    assert not is_in(browser_with(key))


def test_one_browser_does_not_confirm_for_another(alice: User, alices: Client, clock: TestClock) -> None:
    other = Client()
    sign_in(other, alice)
    clock.advance(QUARTER + SECOND)

    other.post("/confirm/", {"password": PASSWORD})

    assert asks(alices, "/password/")


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " "])
def test_a_wrong_password_confirms_nothing(alices: Client, clock: TestClock, password: str) -> None:
    clock.advance(QUARTER + SECOND)

    answer = alices.post("/confirm/", {"password": password})

    assert answer.status_code == 422
    assert asks(alices, "/password/")


def test_guessing_here_is_limited_as_at_the_door(alices: Client, clock: TestClock) -> None:
    clock.advance(QUARTER + SECOND)

    answers = [alices.post("/confirm/", {"password": f"wrong {number}"}) for number in range(7)]
    right = alices.post("/confirm/", {"password": PASSWORD})

    assert [answer.status_code for answer in answers] == [422] * 5 + [429] * 2
    assert "Sign out, then sign in again" in answers[-1].content.decode()
    assert right.status_code == 429
    assert SecurityEvent.objects.filter(slug="password.failed").count() == 5


def test_with_2fa_the_password_alone_confirms_nothing(alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    client = Client()
    sign_in(client, alice)
    clock.advance(QUARTER + SECOND)

    by_password = client.post("/confirm/", {"password": PASSWORD})
    other_method = client.post("/confirm/?method=password", {"password": PASSWORD})
    by_code = client.post("/confirm/", {"code": another_code(device, clock)})

    assert (by_password.status_code, other_method.status_code, by_code.status_code) == (422, 422, 302)
    assert not asks(client, "/password/")


def test_with_2fa_five_wrong_codes_close_it_for_the_session(alice: User, clock: TestClock) -> None:
    code_app(alice)
    client = Client()
    sign_in(client, alice)
    clock.advance(QUARTER + SECOND)

    statuses = [client.post("/confirm/", {"code": "000000"}).status_code for _ in range(12)]

    assert statuses == [422] * 5 + [429] * 7


def test_it_is_recorded(alice: User, alices: Client) -> None:
    alices.post("/confirm/", {"password": PASSWORD})

    event = SecurityEvent.objects.get(slug="confirmed")
    assert (event.user, event.details) == (alice, {"method": "password"})


@pytest.mark.django_db
def test_a_visitor_has_nothing_to_confirm() -> None:
    assert Client().post("/confirm/", {"password": PASSWORD}).headers["Location"].startswith("/login/")


def test_an_action_cannot_run_without_the_proof(alices: Client, clock: TestClock) -> None:
    request = alices.get("/password/").wsgi_request
    assert own_sudo(request).user_id == request.user.pk

    clock.advance(QUARTER + SECOND)

    with pytest.raises(NoSudo):
        own_sudo(request)

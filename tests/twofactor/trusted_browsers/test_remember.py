"""A browser that skips the second step for 30 days (SE-04)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Session, User
from audit.models import SecurityEvent
from tests.accounts.browsers import ELSEWHERE, guess
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from tests.twofactor.answers import ANSWERS
from tests.twofactor.trusted_browsers.remembering import (
    CODE_PAGE,
    cookie_of,
    is_asked,
    is_in,
    next_code,
    remembered,
    sign_in_again,
    sign_in_remembering,
    with_cookie,
)
from twofactor import registry
from twofactor.models import TOTPDevice, TrustedBrowser

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from tests.bed.clock import TestClock
    from twofactor.method import Method

pytestmark = pytest.mark.django_db
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


# ── Remembering ──
def test_the_password_is_enough_there(home: Client, alice: User) -> None:
    answer = sign_in_again(home, alice)

    assert not is_asked(answer)
    assert is_in(home)


def test_without_the_tick_nothing_is_remembered(alice: User, clock: TestClock) -> None:
    code_app(alice)
    client = Client()
    sign_in(client, alice)
    next_code(clock)

    assert cookie_of(client) == ""
    assert is_asked(sign_in_again(client, alice))


def test_another_browser_is_asked(home: Client, alice: User) -> None:
    assert is_in(home)
    assert is_asked(give_password(Client(), alice))


@pytest.mark.parametrize("method", registry.METHODS, ids=lambda method: method.slug)
def test_the_box_stands_on_every_challenge_page_and_works(method: Method, alice: User) -> None:
    answers = ANSWERS[method.slug](alice)
    client = Client()
    give_password(client, alice)
    page = client.get(method.challenge_url).content.decode()

    client.post(method.challenge_url, {**answers.right(client), "remember_browser": "on"})

    assert 'name="remember_browser"' in page
    assert not is_asked(sign_in_again(client, alice))


def test_a_wrong_answer_remembers_nothing_and_keeps_the_tick(alice: User) -> None:
    device = code_app(alice)
    client = Client()
    give_password(client, alice)

    wrong = f"{(int(totp_code(device)) + 333_333) % 1_000_000:06d}"
    answer = client.post(CODE_PAGE, {"code": wrong, "remember_browser": "on"})

    assert answer.status_code == 422
    assert "checked" in answer.content.decode()
    assert cookie_of(client) == ""
    assert not TrustedBrowser.objects.exists()


def test_the_cookie_is_as_safe_as_the_others_and_the_table_does_not_hold_it(home: Client) -> None:
    cookie = home.cookies[settings.BROWSER_COOKIE_NAME]
    series, token = cookie.value.split(".")
    row = TrustedBrowser.objects.values().get()

    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert timedelta(days=30) - 10 * SECOND < timedelta(seconds=cookie["max-age"]) <= timedelta(days=30)
    assert len(token) == 43  # 256 bits
    assert not any(secret in str(row) for secret in (series, token))


def test_it_lasts_for_30_days_however_often_it_is_used(home: Client, alice: User, clock: TestClock) -> None:
    clock.advance(29 * DAY)
    used = not is_asked(sign_in_again(home, alice))
    clock.advance(DAY - 10 * SECOND)
    used_late = not is_asked(sign_in_again(home, alice))
    clock.advance(20 * SECOND)

    assert used
    assert used_late
    assert is_asked(sign_in_again(home, alice))
    assert not SecurityEvent.objects.filter(slug="browser.stolen").exists()


def test_remembering_anew_ends_what_was_remembered_before(home: Client, alice: User, clock: TestClock) -> None:
    first = cookie_of(home)
    clock.advance(timedelta(days=31))
    home.post("/logout/")
    sign_in_remembering(home, alice)

    assert TrustedBrowser.objects.of(alice).count() == 1
    assert TrustedBrowser.objects.earliest("pk").ended_by == "replaced"
    assert is_asked(give_password(with_cookie(first), alice))


# ── What it is worth (SE-04) ──
def test_such_a_session_says_what_it_rests_on_and_grants_nothing_more(home: Client, alice: User) -> None:
    sign_in_again(home, alice)
    session = Session.objects.filter(user=alice, ended_at=None).get()
    request = home.get("/2fa/").wsgi_request

    assert session.proved_by == "remembered_browser"
    assert session.sudo_until is None
    assert not request.user.is_verified()
    assert SecurityEvent.objects.filter(slug="signed_in").latest("pk").details == {"method": "remembered_browser"}


@pytest.mark.parametrize(
    "page", ["/password/", "/email/", "/2fa/add/", "/2fa/disable/", "/2fa/backup-codes/renew/", "/settings/delete/"]
)
def test_it_never_stands_for_a_confirmation(home: Client, alice: User, page: str) -> None:
    sign_in_again(home, alice)

    asked = home.get(page)
    password = home.post("/confirm/", {"password": PASSWORD})

    assert asked.headers["Location"].startswith("/confirm/?next=")
    assert "6-digit code" in home.get(asked.headers["Location"]).content.decode()
    assert password.status_code == 422
    assert home.post(page).headers["Location"].startswith("/confirm/")


def test_a_code_confirms_in_such_a_session(home: Client, alice: User, clock: TestClock) -> None:
    sign_in_again(home, alice)
    next_code(clock)

    home.post("/confirm/", {"code": totp_code(TOTPDevice.objects.get(user=alice))})

    assert home.get("/password/").status_code == 200
    assert home.get("/2fa/").wsgi_request.user.is_verified()


def test_support_staff_are_always_asked(home: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_support=True)

    assert is_asked(sign_in_again(home, alice))


def test_support_staff_have_no_box_and_posting_it_remembers_nothing(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_support=True)
    device = code_app(alice)
    client = Client()
    give_password(client, alice)

    page = client.get(CODE_PAGE).content.decode()
    client.post(CODE_PAGE, {"code": totp_code(device), "remember_browser": "on"})

    assert "remember_browser" not in page
    assert is_in(client)
    assert cookie_of(client) == ""
    assert not TrustedBrowser.objects.exists()


def test_it_does_not_replace_the_password(home: Client, alice: User) -> None:
    home.post("/logout/")

    assert guess(home, alice).status_code == 422
    assert not is_in(home)


def test_nor_does_it_serve_anybody_else(home: Client, alice: User, bob: User) -> None:
    """Who shares a computer keeps a second step of their own, and leaves the other's cookie as it was."""
    code_app(bob)
    before = cookie_of(home)

    assert is_asked(sign_in_again(home, bob))
    assert cookie_of(home) == before
    assert not is_asked(sign_in_again(home, alice))


# ── What ends it ──
def test_a_new_password_ends_it(home: Client, alice: User, clock: TestClock) -> None:
    home.post("/password/", {"current_password": PASSWORD, "password": "Seven-Green-Bottles-Hang-Low-3"})
    alice.refresh_from_db()
    home.post("/logout/")

    assert is_asked(give_password(home, alice, "Seven-Green-Bottles-Hang-Low-3"))
    clock.advance(DAY)
    assert is_asked(give_password(home, alice, "Seven-Green-Bottles-Hang-Low-3"))


@pytest.mark.parametrize(
    "forged",
    ["", "x", "." * 66, "a" * 22 + "." + "b" * 43, "é" * 66, "0" * 4000, "%00", "null", "a" * 22, "\xff" * 66],
)
def test_a_forged_cookie_is_as_good_as_none(forged: str, alice: User) -> None:
    code_app(alice)

    assert is_asked(give_password(with_cookie(forged), alice))
    assert not SecurityEvent.objects.filter(slug="browser.stolen").exists()


def test_one_character_less_is_a_forged_cookie(home: Client, alice: User) -> None:
    assert is_asked(give_password(with_cookie(cookie_of(home)[:-1]), alice))
    assert not is_asked(sign_in_again(home, alice))


def test_a_clock_set_back_behind_its_beginning_does_not_open_it(home: Client, alice: User, clock: TestClock) -> None:
    home.post("/logout/")
    clock.advance(-DAY)

    assert is_asked(give_password(home, alice))


def test_a_clock_set_forward_and_back_harms_nothing(home: Client, alice: User, clock: TestClock) -> None:
    clock.advance(timedelta(days=40))
    late = is_asked(sign_in_again(home, alice))
    clock.advance(-timedelta(days=40))

    assert late
    assert not is_asked(sign_in_again(home, alice))


def test_a_second_step_that_is_gone_leaves_nothing_to_skip(home: Client, alice: User) -> None:
    home.post("/2fa/disable/", {"password": PASSWORD})
    sign_in_again(home, alice)

    assert Session.objects.filter(user=alice, ended_at=None).get().proved_by == "password"


# ── The password's budget (N4) ──
def test_its_owner_gets_in_while_strangers_guess(alice: User) -> None:
    """From a network that nobody has seen, in a browser that the account knows."""
    code_app(alice)
    client = remembered(alice, REMOTE_ADDR="203.0.113.7")
    client.post("/logout/")
    for _ in range(8):
        guess(Client(REMOTE_ADDR=ELSEWHERE), alice)

    stranger = guess(Client(REMOTE_ADDR=ELSEWHERE), alice, PASSWORD)
    client.defaults["REMOTE_ADDR"] = ELSEWHERE
    abroad = give_password(client, alice)

    assert stranger.status_code == 429
    assert (abroad.status_code, is_asked(abroad)) == (302, False)


def test_a_cookie_that_is_over_opens_no_bucket_of_its_own(alice: User, clock: TestClock) -> None:
    code_app(alice)
    client = remembered(alice, REMOTE_ADDR="203.0.113.7")
    clock.advance(timedelta(days=31))
    for _ in range(8):
        guess(Client(REMOTE_ADDR=ELSEWHERE), alice)

    assert guess(with_cookie(cookie_of(client), REMOTE_ADDR=ELSEWHERE), alice, PASSWORD).status_code == 429


def test_guessing_with_the_cookie_closes_that_door_alone(alice: User) -> None:
    code_app(alice)
    client = remembered(alice, REMOTE_ADDR="203.0.113.7")
    thief = Client(REMOTE_ADDR=ELSEWHERE)
    thief.cookies.update(client.cookies)
    thief.post("/logout/")

    statuses = [guess(thief, alice).status_code for _ in range(7)]

    assert statuses == [422] * 5 + [429] * 2
    assert guess(Client(REMOTE_ADDR=ELSEWHERE), alice).status_code == 422
    assert not is_asked(sign_in_again(client, alice))


def test_nobody_is_told_of_it_by_mail(
    home: Client, alice: User, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    sign_in_again(home, alice)

    assert SecurityEvent.objects.filter(slug="browser.remembered").count() == 1
    assert not outbox()

"""The password step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.login.models import LoginAttempt
from accounts.sessions.models import Session
from accounts.user.models import User
from audit.models import SecurityEvent
from tests.accounts.browsers import HOME, WRONG, browser_at, browser_with, guess, is_in, key_of
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code

if TYPE_CHECKING:
    from collections.abc import Callable

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


# ── Page, success, wrong input ──
@pytest.mark.django_db
def test_the_page_shows_and_sets_no_session() -> None:
    client = Client()

    answer = client.get("/login/")

    assert answer.status_code == 200
    assert key_of(client) == ""
    assert not Session.objects.exists()


def test_the_right_password_signs_in_and_goes_to_the_first_page(alice: User) -> None:
    client = Client()

    answer = give_password(client, alice)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/security/")
    assert is_in(client)


@pytest.mark.parametrize(
    "typed",
    [str.upper, str.title, lambda email: f"  {email} ", lambda email: email],
    ids=["upper case", "title case", "blanks around", "as it is"],
)
def test_the_address_is_recognised_however_it_is_typed(alice: User, typed: Callable[[str], str]) -> None:
    assert guess(Client(), typed(alice.email), PASSWORD).status_code == 302


@pytest.mark.parametrize(
    "typed", [str.lower, str.upper, lambda login_id: f" {login_id} "], ids=["lower", "upper", "blanks"]
)
def test_the_login_id_is_as_good_as_the_address(alice: User, typed: Callable[[str], str]) -> None:
    assert guess(Client(), typed(alice.login_id), PASSWORD).status_code == 302


@pytest.mark.parametrize("typed", ["\u017fA12345", "S\uff2112345", "SA1234\u0665"])
def test_a_login_id_is_ascii(alice: User, typed: str) -> None:
    """Long s, a wide A, an Arabic five."""
    User.objects.filter(pk=alice.pk).update(login_id="SA12345")

    assert guess(Client(), typed, PASSWORD).status_code == 422


def test_a_wrong_password_shows_the_form_again(alice: User) -> None:
    client = Client()

    answer = guess(client, alice)

    assert answer.status_code == 422
    assert WRONG not in answer.content.decode()
    assert not is_in(client)


@pytest.mark.parametrize(
    "fields", [{}, {"login": "alice@alpina.example"}, {"password": PASSWORD}, {"login": " ", "password": " "}]
)
def test_an_empty_field_is_asked_for_and_costs_no_try(
    alice: User, hashes: Callable[[], int], fields: dict[str, str]
) -> None:
    answers = [Client().post("/login/", fields) for _ in range(10)]

    assert {answer.status_code for answer in answers} == {422}
    assert hashes() == 0
    assert give_password(Client(), alice).status_code == 302


@pytest.mark.parametrize("password", ["", PASSWORD.lower(), PASSWORD + " ", " " + PASSWORD, PASSWORD[:-1]])
def test_only_the_password_as_it_is_counts(alice: User, password: str) -> None:
    assert guess(Client(), alice, password).status_code == 422


def test_a_disabled_account_does_not_get_in(alice: User) -> None:
    alice.is_active = False
    alice.save()

    assert give_password(Client(), alice).status_code == 422


def test_an_account_that_is_disabled_later_is_out_at_once(alice: User, alices: Client) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert not is_in(alices)


def test_an_account_without_a_password_cannot_be_entered(alice: User) -> None:
    alice.set_password(None)
    alice.save()

    for password in ("None", "!", alice.password):
        assert guess(Client(), alice, password).status_code == 422


def test_whoever_is_signed_in_is_sent_on(alices: Client) -> None:
    answer = alices.get("/login/?next=/password/")

    assert answer.headers["Location"] == "/password/"


def test_after_signing_in_one_goes_where_one_wanted(alice: User) -> None:
    client = Client()
    sent = client.get("/password/")

    page = client.get(sent.headers["Location"])
    answer = client.post(sent.headers["Location"], {"login": alice.email, "password": PASSWORD, "next": "/password/"})

    assert 'name="next" value="/password/"' in page.content.decode()
    assert answer.headers["Location"] == "/password/"


# ── What is recorded ──
def test_a_sign_in_is_recorded_with_who_where_and_how(alice: User) -> None:
    give_password(browser_at(HOME, HTTP_USER_AGENT=FIREFOX), alice)

    event = SecurityEvent.objects.get(slug="signed_in")
    session = Session.objects.get(user=alice)
    assert (event.user, event.ip, event.user_agent, event.details) == (alice, HOME, FIREFOX, {"method": "password"})
    assert (session.ip, session.user_agent, session.proved_by) == (HOME, FIREFOX, "password")


def test_a_wrong_password_is_recorded_without_what_was_typed(alice: User) -> None:
    guess(browser_at(HOME), alice)
    guess(browser_at(HOME), "nobody@alpina.example")

    events = SecurityEvent.objects.filter(slug="password.failed").order_by("pk")
    assert [(event.user, event.ip, event.details) for event in events] == [(alice, HOME, {}), (None, HOME, {})]


# ── The second step is pending ──
def test_with_2fa_the_password_signs_nobody_in(alice: User) -> None:
    code_app(alice)
    client = Client()

    answer = give_password(client, alice)

    assert answer.headers["Location"] == "/login/verify/"
    assert not is_in(client)
    assert not Session.objects.exclude(user=None).exists()


def test_the_second_step_leads_to_where_one_wanted(alice: User) -> None:
    device = code_app(alice)
    client = Client()
    client.post("/login/", {"login": alice.email, "password": PASSWORD, "next": "/password/"})

    answer = client.post("/login/verify/totp/", {"code": totp_code(device)})

    assert answer.headers["Location"] == "/password/"


def test_another_browser_cannot_go_on_with_the_attempt(alice: User) -> None:
    device = code_app(alice)
    begun, thief = Client(), Client()
    give_password(begun, alice)
    thief.get("/login/")

    answer = thief.post("/login/verify/totp/", {"code": totp_code(device)})

    assert answer.headers["Location"] == "/login/"
    assert not is_in(thief)


def test_an_attempt_dies_when_the_account_is_disabled(alice: User) -> None:
    device = code_app(alice)
    client = Client()
    give_password(client, alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    client.post("/login/verify/totp/", {"code": totp_code(device)})

    assert not is_in(client)


def test_a_second_start_in_the_same_browser_replaces_the_first(alice: User, bob: User) -> None:
    of_alice, of_bob = code_app(alice), code_app(bob)
    client = Client()
    give_password(client, alice)
    give_password(client, bob)

    refused = client.post("/login/verify/totp/", {"code": totp_code(of_alice)})
    accepted = client.post("/login/verify/totp/", {"code": totp_code(of_bob)})

    assert (refused.status_code, accepted.status_code) == (422, 302)
    assert Session.objects.get(user__isnull=False).user == bob


# ── New keys (SE-01) ──
def test_the_key_changes_at_the_password_the_second_step_and_the_confirmation(alice: User) -> None:
    device = code_app(alice)
    client, keys = Client(), []

    give_password(client, alice)
    keys.append(key_of(client))
    client.post("/login/verify/totp/", {"code": totp_code(device)})
    keys.append(key_of(client))
    device.refresh_from_db()
    device.last_step = -1  # so that the code that is shown now counts again
    device.save()
    client.post("/confirm/", {"code": totp_code(device)})
    keys.append(key_of(client))

    assert len({"", *keys}) == 4
    assert not any(is_in(browser_with(key)) for key in keys[:-1])
    assert is_in(client)


def test_a_key_planted_before_the_sign_in_is_worth_nothing_after_it(alice: User, charlie: User) -> None:
    code_app(charlie)
    attacker = Client()
    give_password(attacker, charlie)
    planted = key_of(attacker)
    victim = browser_with(planted)

    give_password(victim, alice)

    assert is_in(victim)
    assert key_of(victim) != planted
    assert not is_in(attacker)


@pytest.mark.parametrize("key", ["x", "a" * 43, "../../etc/passwd", "\x00", "é" * 20, "x" * 4000])
def test_nobody_can_choose_a_key(alice: User, key: str) -> None:
    victim = browser_with(key)

    give_password(victim, alice)

    assert key_of(victim) != key
    assert is_in(victim)
    assert not is_in(browser_with(key))


def test_signing_in_as_somebody_else_ends_the_first_session(alice: User, bob: User) -> None:
    code_app(bob)
    client, other_tab = Client(), Client()
    give_password(other_tab, bob)
    client.cookies = other_tab.cookies.copy()
    give_password(client, alice)

    answer = other_tab.get("/login/verify/totp/")

    assert answer.headers["Location"] == "/login/"


# ── Nothing secret in the row (SE-09) ──
def test_while_the_second_step_is_pending_the_row_holds_the_attempt_alone(alice: User) -> None:
    code_app(alice)
    client = Client()

    give_password(client, alice)

    assert dict(client.session) == {"login_attempt": LoginAttempt.objects.get().pk}
    row = Session.objects.get()
    for secret in (PASSWORD, alice.password, key_of(client)):
        assert all(secret not in str(value) for value in vars(row).values())


def test_nothing_in_the_database_is_the_key_in_the_cookie(alice: User) -> None:
    client = Client()
    sign_in(client, alice)

    row = Session.objects.get()
    assert row.key_digest != key_of(client)
    assert not is_in(browser_with(row.key_digest))

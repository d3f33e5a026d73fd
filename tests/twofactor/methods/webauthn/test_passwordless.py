"""Signing in with a passkey alone: both factors, or nothing (WA-07, WA-09)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client

from accounts.login.models import LoginAttempt
from accounts.sessions.models import Session
from audit.models import SecurityEvent
from tests.accounts.browsers import browser_at
from tests.accounts.lock.locking import lock
from tests.bed.authenticators import UP, UV, Authenticator, fetch
from tests.bed.people import code_app, give_password, security_key, sign_in
from tests.twofactor.methods.webauthn.front_door import VERIFY, is_in, send
from twofactor.housekeeping import purge
from twofactor.methods.webauthn.models import PasskeyChallenge, WebAuthnDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from django.http import HttpResponse
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PASSKEY = "/login/passkey/"
OPTIONS = "/login/passkey/options/"


def enter(browser: Client, key: Authenticator, **fields: str) -> HttpResponse:
    return send(browser, PASSKEY, key.sign(fetch(browser, OPTIONS)), **fields)


def says(response: HttpResponse, words: str) -> bool:
    return words in response.content.decode().replace("&#x27;", "'")


def test_a_passkey_signs_in_alone(alice: User, client: Client) -> None:
    key = security_key(alice)

    answer = enter(client, key, next="/activity/")

    assert answer.headers["Location"] == "/activity/"
    assert is_in(client)
    session = Session.objects.get(user=alice)
    assert session.proved_by == "webauthn"
    assert client.session.has_sudo
    assert client.session["otp_device_id"] == WebAuthnDevice.objects.get().persistent_id
    assert LoginAttempt.objects.get(user=alice).state == LoginAttempt.State.FINISHED
    assert SecurityEvent.objects.filter(user=alice, slug="signed_in").exists()


def test_it_goes_nowhere_else_afterwards(alice: User, client: Client) -> None:
    key = security_key(alice)

    assert enter(client, key, next="https://elsewhere.example/").headers["Location"] == "/security/"


def test_presence_alone_is_not_enough_wa_07(alice: User, client: Client) -> None:
    key = security_key(alice, flags=UP)

    refused = enter(client, key)

    assert says(refused, "This key didn't ask for a fingerprint, a face or a PIN. Use your password.")
    assert not is_in(client)
    assert SecurityEvent.objects.filter(user=alice, slug="second_factor.failed").count() == 1


@pytest.mark.parametrize("handle", [None, "", "eHh4"])
def test_it_must_say_whose_it_is(handle: str | None, alice: User, client: Client) -> None:
    key = security_key(alice)
    key.user_handle = handle

    assert enter(client, key).status_code == 422
    assert not is_in(client)


def test_another_persons_handle_does_not_count(alice: User, bob: User, client: Client) -> None:
    key, bobs = security_key(alice), security_key(bob)
    key.user_handle = bobs.user_handle

    assert enter(client, key).status_code == 422
    assert not is_in(client)


def test_an_unknown_key_is_told_so_and_the_browser_forgets_it(client: Client, alice: User) -> None:
    key = security_key(alice)
    WebAuthnDevice.objects.all().delete()

    refused = enter(client, key)

    assert refused.status_code == 422
    assert says(refused, "This key isn't linked to your account.")
    assert says(refused, "data-unknown-passkey=")


def test_a_removed_key_is_refused_but_the_browser_keeps_it_for_a_week(
    client: Client, alice: User, clock: TestClock
) -> None:
    """Its removal may be a thief's, and what a browser has deleted, nobody can put back."""
    key, owner = security_key(alice), Client()
    code_app(alice)
    sign_in(owner, alice)
    owner.post(f"/2fa/webauthn/{WebAuthnDevice.objects.get().pk}/remove/")

    refused = enter(client, key)

    assert refused.status_code == 422
    assert says(refused, "This key isn't linked to your account.")
    assert not says(refused, "data-unknown-passkey=")
    clock.advance(timedelta(days=7, minutes=1))
    purge()
    assert says(enter(client, key), "data-unknown-passkey=")


def test_options_name_no_key_and_look_the_same_for_everybody_wa_09(alice: User, client: Client) -> None:
    before = fetch(client, OPTIONS)
    security_key(alice)
    client.post("/login/", {"login": alice.email, "password": "wrong"})

    after = fetch(Client(), OPTIONS)

    assert after["allowCredentials"] == before["allowCredentials"] == []
    assert after["userVerification"] == "required"
    assert {**after, "challenge": ""} == {**before, "challenge": ""}


def test_asking_touches_no_session() -> None:
    """The page asks on its own: an answer that comes late must not replace the session of a sign-in meanwhile."""
    browser = Client(enforce_csrf_checks=True)
    page = browser.get("/login/")

    options = browser.post(OPTIONS, headers={"X-CSRFToken": str(page.context["csrf_token"])})

    assert options.status_code == 200
    assert settings.SESSION_COOKIE_NAME not in options.cookies
    assert not Session.objects.exists()


def test_an_answer_counts_once_and_here_wa_04(alice: User, client: Client) -> None:
    key = security_key(alice)
    sent = key.sign(fetch(client, OPTIONS))

    assert send(Client(), PASSKEY, sent).status_code == 422
    assert send(client, PASSKEY, sent).status_code == 302
    client.post("/logout/")
    assert says(send(client, PASSKEY, sent), "That took too long. Try again.")


def test_an_answer_to_a_sign_in_is_none_to_a_second_step_and_the_other_way_round(alice: User, client: Client) -> None:
    key = security_key(alice)
    give_password(client, alice)
    second = key.sign(fetch(client, f"{VERIFY}options/"))
    alone = key.sign(fetch(client, OPTIONS))

    assert send(client, VERIFY, alone).status_code == 422
    assert send(client, PASSKEY, second).status_code == 422
    assert not is_in(client)


def test_a_question_is_open_for_five_minutes(alice: User, client: Client, clock: TestClock) -> None:
    key = security_key(alice)
    sent = key.sign(fetch(client, OPTIONS))
    clock.advance(timedelta(minutes=5, seconds=1))

    assert send(client, PASSKEY, sent).status_code == 422


def test_a_counter_that_goes_back_stops_the_key_wa_06(alice: User, client: Client) -> None:
    key = security_key(alice, sign_count=10)
    key.sign_count = 3

    refused = enter(client, key)

    assert says(refused, "This key may have been copied")
    assert WebAuthnDevice.objects.get().flagged_at is not None
    assert SecurityEvent.objects.filter(user=alice, slug="webauthn.copied").exists()
    key.sign_count = 20
    assert enter(client, key).status_code == 422


def test_a_locked_account_stays_locked(alice: User, client: Client) -> None:
    key = security_key(alice)
    lock(alice)

    refused = enter(client, key)

    assert refused.status_code == 403
    assert not is_in(client)
    assert SecurityEvent.objects.filter(user=alice, slug="sign_in.locked").exists()


def test_an_account_that_was_deleted_lets_nobody_in(alice: User, client: Client) -> None:
    key = security_key(alice)
    alice.is_active = False
    alice.save(update_fields=["is_active"])

    assert enter(client, key).status_code == 422
    assert not is_in(client)
    assert WebAuthnDevice.objects.get().last_used_at is None


def test_a_sign_in_from_a_new_place_is_told(alice: User, outbox: Callable[[], list[EmailMultiAlternatives]]) -> None:
    key = security_key(alice)
    enter(
        browser_at(
            "192.0.2.1", HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
        ),
        key,
    )

    enter(browser_at("203.0.113.9", HTTP_USER_AGENT="curl/8"), key)

    assert SecurityEvent.objects.filter(user=alice, slug="signed_in.new_place").count() == 1
    assert outbox()


def test_wrong_answers_are_limited_by_network_and_right_ones_are_not(alice: User, client: Client) -> None:
    key, nobodys = security_key(alice), Authenticator(user_handle="eHh4")
    for _ in range(3):
        assert enter(client, key).status_code == 302
        client.post("/logout/")

    statuses = [enter(client, nobodys).status_code for _ in range(31)]

    assert statuses == [422] * 30 + [429]


def test_questions_are_limited_by_network(client: Client) -> None:
    statuses = {client.post(OPTIONS).status_code for _ in range(300)}
    assert statuses == {200}

    refused = client.post(OPTIONS)

    assert refused.status_code == 429
    assert refused.headers["Retry-After"]
    assert PasskeyChallenge.objects.count() == 300


def test_garbage_is_refused_in_words(client: Client) -> None:
    for garbage in ("", "{}", "[" * 20_000, "\x00"):
        refused = client.post(PASSKEY, {"credential": garbage})
        assert says(refused, "We couldn't read what your browser sent.")


def test_whoever_is_in_goes_on(alice: User, client: Client) -> None:
    sign_in(client, alice)

    assert client.get(PASSKEY).headers["Location"] == "/security/"


def test_only_the_right_verbs_are_taken(client: Client) -> None:
    assert client.get(OPTIONS).status_code == 405
    assert client.put(PASSKEY).status_code == 405


def test_the_flag_for_verification_is_not_asked_again_of_a_second_step(alice: User, client: Client) -> None:
    key = security_key(alice, flags=UP | UV)
    give_password(client, alice)
    key.flags = UP

    assert send(client, VERIFY, key.sign(fetch(client, f"{VERIFY}options/"))).status_code == 302


# ── What others look for ──
def test_password_managers_find_the_pages(client: Client) -> None:
    answer = client.get("/.well-known/passkey-endpoints")

    assert answer.json() == {
        "enroll": "http://localhost:8000/2fa/webauthn/add/",
        "manage": "http://localhost:8000/2fa/",
    }


def test_related_origins_are_named_where_there_are_any(client: Client, settings: SettingsWrapper, alice: User) -> None:
    assert client.get("/.well-known/webauthn").status_code == 404
    key = security_key(alice, origin="https://account.example.ch")
    assert enter(client, key).status_code == 422

    settings.PASSKEY_RELATED_ORIGINS = ["https://account.example.ch"]

    assert client.get("/.well-known/webauthn").json() == {"origins": ["https://account.example.ch"]}
    assert enter(client, key).status_code == 302

"""/login/verify/: the second step of signing in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import LoginAttempt, Session
from accounts.user.models import Protection
from audit.models import SecurityEvent
from tests.bed.people import code_app, give_password, totp_code
from twofactor.challenge import budget
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/login/verify/totp/"


@pytest.fixture
def device(alice: User) -> TOTPDevice:
    return code_app(alice)


@pytest.fixture
def half(device: TOTPDevice, client: Client) -> Client:
    """A browser in which Alice gave her password and nothing more."""
    give_password(client, device.user)
    return client


def wrong(device: TOTPDevice) -> str:
    return f"{(int(totp_code(device)) + 333_333) % 1_000_000:06d}"


def is_signed_in(client: Client) -> bool:
    return client.get("/2fa/").status_code == 200


def test_the_password_alone_signs_nobody_in_who_has_a_device(half: Client, alice: User) -> None:
    assert not is_signed_in(half)
    assert not Session.objects.filter(user=alice).exists()


def test_the_way_goes_straight_to_the_method(device: TOTPDevice, client: Client) -> None:
    assert give_password(client, device.user)["Location"] == "/login/verify/"
    assert client.get("/login/verify/")["Location"] == PAGE
    assert client.get(PAGE).status_code == 200


def test_a_right_code_signs_in_and_goes_where_the_person_was_going(device: TOTPDevice, client: Client) -> None:
    fields = {"login": device.user.email, "password": "Slow-Trams-Cross-The-Bridge-27", "next": "/password/"}
    client.post("/login/", fields)

    answer = client.post(PAGE, {"code": totp_code(device)})

    assert (answer.status_code, answer["Location"]) == (302, "/password/")
    session = Session.objects.get(user=device.user)
    assert session.proved_by == "totp"
    assert SecurityEvent.objects.get(slug="signed_in").details == {"method": "totp"}


def test_the_session_counts_as_verified(half: Client, device: TOTPDevice) -> None:
    answer = half.post(PAGE, {"code": totp_code(device)})
    page = half.get("/2fa/")

    assert answer.status_code == 302
    assert page.wsgi_request.user.is_verified()
    assert page.wsgi_request.user.otp_device == device


def test_a_session_by_password_alone_is_not_verified(alices: Client) -> None:
    assert not alices.get("/2fa/").wsgi_request.user.is_verified()


def test_the_key_of_the_session_changes_with_the_password_and_with_the_code(device: TOTPDevice, client: Client) -> None:
    client.get("/login/")
    give_password(client, device.user)
    half_key = client.cookies["session"].value
    client.post(PAGE, {"code": totp_code(device)})
    full_key = client.cookies["session"].value

    thief = Client()
    thief.cookies["session"] = half_key

    assert half_key != full_key
    assert not is_signed_in(thief)
    assert thief.get(PAGE)["Location"] == "/login/"


def test_ten_statements_and_two_commits(half: Client, device: TOTPDevice) -> None:
    """Ten, and one that moves the end of the account's chain of events: without it the record could be cut short."""
    half.post(PAGE, {"code": wrong(device)})

    with CaptureQueriesContext(connection) as captured:
        half.post(PAGE, {"code": totp_code(device)})

    statements = [q["sql"] for q in captured if not q["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
    assert len(statements) <= 10, "\n".join(statements)


def test_ten_wrong_codes_close_the_network_for_fifteen_minutes(
    half: Client, device: TOTPDevice, clock: TestClock
) -> None:
    for _ in range(10):
        half.post(PAGE, {"code": wrong(device)})

    refused = half.post(PAGE, {"code": totp_code(device)})
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 900
    assert 'href="/login/verify/other/"' in refused.content.decode(), "the way back"

    clock.advance(timedelta(minutes=15, seconds=1))
    give_password(half, device.user)
    assert half.post(PAGE, {"code": totp_code(device)}).status_code == 302


def test_the_budget_is_one_over_all_sessions(device: TOTPDevice) -> None:
    browsers = [Client() for _ in range(4)]
    answers = []
    for number in range(12):
        browser = browsers[number % 4]
        give_password(browser, device.user)
        answers.append(browser.post(PAGE, {"code": wrong(device)}).status_code)

    assert answers == [422] * 10 + [429] * 2


def test_eighty_wrong_codes_in_a_row_stop_codes_for_strangers(device: TOTPDevice, clock: TestClock) -> None:
    tried = 0
    for network in range(30):
        attacker = Client(REMOTE_ADDR=f"198.51.{network}.7")
        give_password(attacker, device.user)
        for _ in range(10):
            tried += attacker.post(PAGE, {"code": wrong(device)}).status_code == 422
        clock.advance(timedelta(minutes=6))
        if tried >= 80:
            break
    clock.advance(timedelta(days=30))
    owner = Client()
    give_password(owner, device.user)

    assert tried == 80
    assert owner.post(PAGE, {"code": totp_code(device)}).status_code == 429


def test_the_owners_success_does_not_refill_a_strangers_budget(device: TOTPDevice, clock: TestClock) -> None:
    tried = 0
    for _day in range(12):
        attacker = Client(REMOTE_ADDR="198.51.100.7")
        give_password(attacker, device.user)
        tried += sum(attacker.post(PAGE, {"code": wrong(device)}).status_code == 422 for _ in range(10))
        owner = Client(REMOTE_ADDR="203.0.113.5")
        give_password(owner, device.user)
        owner.post(PAGE, {"code": totp_code(device)})
        clock.advance(timedelta(days=1))

    assert tried == 80


def test_a_stranger_who_used_up_his_tries_does_not_keep_the_owner_out(device: TOTPDevice) -> None:
    attacker = Client(REMOTE_ADDR="198.51.100.7")
    give_password(attacker, device.user)
    for _ in range(12):
        attacker.post(PAGE, {"code": wrong(device)})

    owner = Client(REMOTE_ADDR="203.0.113.5")
    give_password(owner, device.user)

    assert owner.post(PAGE, {"code": totp_code(device)}).status_code == 302


def test_a_try_counts_even_if_the_request_dies_afterwards(
    half: Client, device: TOTPDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_args: object, **_kwargs: object) -> None:
        raise SystemError("the process was killed here")

    monkeypatch.setattr("twofactor.challenge.actions.finish", dies)
    with pytest.raises(SystemError):
        half.post(PAGE, {"code": totp_code(device)})

    assert budget.reserve(device.user, half.get("/login/").wsgi_request.origin).in_a_row == 2
    device.refresh_from_db()
    assert device.last_step == -1
    assert LoginAttempt.objects.get().state == LoginAttempt.State.PENDING


def test_a_pending_sign_in_dies_after_ten_minutes(half: Client, device: TOTPDevice, clock: TestClock) -> None:
    """2F-07."""
    clock.advance(timedelta(minutes=10, seconds=1))

    assert half.get(PAGE)["Location"] == "/login/"
    assert half.post(PAGE, {"code": totp_code(device)})["Location"] == "/login/"
    assert not is_signed_in(half)


def test_a_pending_sign_in_dies_with_the_password(half: Client, alice: User, device: TOTPDevice) -> None:
    """2F-06."""
    owner = Client()
    give_password(owner, alice)
    owner.post(PAGE, {"code": totp_code(device)})
    owner.post(
        "/password/", {"current_password": "Slow-Trams-Cross-The-Bridge-27", "password": "Nine-Herons-Wait-By-Ponds"}
    )

    assert half.post(PAGE, {"code": totp_code(device)})["Location"] == "/login/"


def test_a_pending_sign_in_dies_with_the_account(half: Client, alice: User, device: TOTPDevice) -> None:
    """2F-06."""
    alice.is_active = False
    alice.save()

    assert half.post(PAGE, {"code": totp_code(device)})["Location"] == "/login/"
    assert not is_signed_in(half)


def test_signing_out_ends_a_pending_sign_in(half: Client, device: TOTPDevice) -> None:
    """2F-07."""
    key = half.cookies["session"].value
    half.post("/logout/")

    half.cookies["session"] = key

    assert half.post(PAGE, {"code": totp_code(device)})["Location"] == "/login/"
    assert LoginAttempt.objects.get().state == LoginAttempt.State.ABANDONED


def test_two_sign_ins_in_one_browser_do_not_mix(alice: User, bob: User, client: Client) -> None:
    """2F-05."""
    alices, bobs = code_app(alice), code_app(bob)
    give_password(client, alice)
    give_password(client, bob)

    assert client.post(PAGE, {"code": totp_code(alices)}).status_code == 422
    assert client.post(PAGE, {"code": totp_code(bobs)}).status_code == 302
    assert client.get("/2fa/").wsgi_request.user == bob


def test_an_attempt_belongs_to_the_browser_that_began_it(bob: User, device: TOTPDevice) -> None:
    """2F-05."""
    give_password(Client(), device.user)
    other = Client()
    code_app(bob)
    give_password(other, bob)
    session = other.session
    session["login_attempt"] = LoginAttempt.objects.get(user=device.user).pk
    session.save()

    assert other.post(PAGE, {"code": totp_code(device)})["Location"] == "/login/"


def test_a_finished_attempt_cannot_be_used_again(half: Client, device: TOTPDevice, clock: TestClock) -> None:
    half.post(PAGE, {"code": totp_code(device)})
    clock.advance(timedelta(seconds=60))

    assert half.post(PAGE, {"code": totp_code(device)})["Location"] == "/login/"


@pytest.mark.parametrize("verb", ["put", "delete", "patch", "options", "trace"])
def test_other_verbs_are_refused(verb: str, half: Client, device: TOTPDevice) -> None:
    """2F-03."""
    answer = getattr(half, verb)(PAGE, {"code": totp_code(device)} if verb != "trace" else None)

    assert answer.status_code == 405
    assert not is_signed_in(half)


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: f"-{code[1:]}",
        lambda code: f"0{code}",
        lambda code: f"{code}.0",
        lambda code: code[1:],
        lambda code: f"{code}\n{code}",
    ],
)
def test_what_int_would_take_for_the_right_code_is_not_it(
    typed: Callable[[str], str], half: Client, device: TOTPDevice
) -> None:
    """TO-06."""
    assert half.post(PAGE, {"code": typed(totp_code(device))}).status_code == 422
    assert not is_signed_in(half)


@pytest.mark.parametrize("typed", [" {}{} ", "{} {}", "{}-{}"])
def test_blanks_and_hyphens_in_the_right_code_do_not_matter(typed: str, half: Client, device: TOTPDevice) -> None:
    """TO-06."""
    code = totp_code(device)

    assert half.post(PAGE, {"code": typed.format(code[:3], code[3:])}).status_code == 302


def test_head_changes_nothing(half: Client) -> None:
    assert half.head(PAGE).status_code == 200
    assert not is_signed_in(half)


@pytest.mark.parametrize("slug", ["none", "no-such-method", "sms", "TOTP", "totp2", "other2", "0"])
def test_a_method_that_is_not_there_is_404(slug: str, half: Client, device: TOTPDevice) -> None:
    """2F-03."""
    assert half.get(f"/login/verify/{slug}/").status_code == 404
    assert half.post(f"/login/verify/{slug}/", {"code": totp_code(device)}).status_code == 404
    assert not is_signed_in(half)


def test_an_answer_for_a_method_the_person_lacks_counts_as_wrong(half: Client, device: TOTPDevice) -> None:
    """2F-03."""
    code = totp_code(device)
    TOTPDevice.objects.all().delete()

    assert half.get(PAGE).status_code == 404
    assert half.post(PAGE, {"code": code}).status_code == 422
    assert not is_signed_in(half)


def test_without_a_password_there_is_nothing_to_answer(device: TOTPDevice, client: Client) -> None:
    """2F-11."""
    for page in ("/login/verify/", PAGE, "/login/verify/other/"):
        assert client.get(page)["Location"] == "/login/"
    assert client.post(PAGE, {"code": totp_code(device)})["Location"] == "/login/"


def test_help_is_the_last_of_the_other_ways(half: Client) -> None:
    page = half.get("/login/verify/other/").content.decode()

    assert page.index(PAGE) < page.rindex("/login/help/")


def test_a_broken_hook_lets_nobody_in(alice: User, client: Client, settings: SettingsWrapper) -> None:
    settings.SECOND_STEP = "tests.twofactor.challenge.test_answer.broken_hook"
    client.raise_request_exception = False

    assert give_password(client, alice).status_code == 500
    assert not is_signed_in(client)
    assert not Session.objects.filter(user=alice).exists()


def broken_hook(*_args: object) -> None:
    raise LookupError("a bug")


def test_protection_that_lies_does_not_skip_the_second_step(device: TOTPDevice, client: Client) -> None:
    device.user.protection = Protection.NONE
    device.user.save()

    assert give_password(client, device.user)["Location"] == "/login/verify/"


def test_an_unreadable_secret_refuses_and_says_so(half: Client, device: TOTPDevice) -> None:
    code = totp_code(device)
    TOTPDevice.objects.update(sealed_secret=device.sealed_secret[:-4] + "AAA=")

    page = half.post(PAGE, {"code": code})

    assert page.status_code == 422
    assert "Choose another way or get help" in page.content.decode()
    assert SecurityEvent.objects.filter(slug="second_factor.unavailable", user=device.user).count() == 1

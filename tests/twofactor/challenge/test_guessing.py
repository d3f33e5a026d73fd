"""How far somebody gets who has the password and guesses codes, and that the owner is not kept out (N3, N4)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.tasks import purge_accounts
from tests.accounts.browsers import ELSEWHERE, HOME, browser_at, guess
from tests.bed.people import code_app, give_password, security_key, sign_in, totp_code
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.evidence import Evidence

PAGE = "/login/verify/totp/"
QUARTER = timedelta(minutes=15)
MOST, MOST_IN_A_QUARTER = 80, 10  # of strangers
MOST_OF_STRANGERS, MOST_OF_ALL_NETWORKS, MOST_OF_ALL, KEPT_A_DAY = 25, 30, 100, 5
WEEK = timedelta(days=7, minutes=1)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many codes the verifier has looked at; it decides as ever."""
    asked: list[str] = []
    decide = TOTPDevice.accepts

    def counted(device: TOTPDevice, answer: str) -> bool:
        asked.append(answer)
        return decide(device, answer)

    monkeypatch.setattr(TOTPDevice, "accepts", counted)
    return lambda: len(asked)


def wrong_code(device: TOTPDevice) -> str:
    """Not right now, and right in a step beside only by a chance of two in a million."""
    return f"{(int(totp_code(device)) + 333_333) % 1_000_000:06d}"


def rob(user: User, device: TOTPDevice, ip: str, tries: int) -> None:
    """The password is known; as many codes as fit."""
    thief = browser_at(ip)
    give_password(thief, user)
    for _ in range(tries):
        thief.post(PAGE, {"code": wrong_code(device)})


def owner_comes_in(user: User) -> bool:
    browser = browser_at(HOME)
    return bool(sign_in(browser, user)["Location"] == "/security/")


def settle(user: User, clock: TestClock) -> Client:
    """The browser in which, and the network from which, the owner has been signing in for more than a week."""
    browser = browser_at(HOME)
    sign_in(browser, user)
    browser.post("/logout/")
    clock.advance(WEEK)
    return browser


def month_of_guessing(
    user: User, clock: TestClock, checks: Callable[[], int], *, days: int, networks: int
) -> tuple[int, int, int]:
    """A patient thief: every quarter of an hour twelve codes from each network, while the owner signs in each day.

    Returns how many of the thief's were checked, the most in one quarter, and the owner's failures to come in.
    """
    device = code_app(user)
    settle(user, clock)
    in_all, most, kept_out = 0, 0, 0
    for quarter in range(days * 24 * 4):
        before = checks()
        # Night and day at first; when nothing is looked at any more, once a day shows that it stays so.
        if in_all < MOST or quarter % 96 == 50:
            for number in range(networks if in_all < MOST else 1):
                rob(user, device, f"198.51.{number}.9", 12 if networks == 1 else 3)
        in_all, most = in_all + checks() - before, max(most, checks() - before)
        if quarter % 96 == 0:
            kept_out += not owner_comes_in(user)
        clock.advance(QUARTER)
    return in_all, most, kept_out


@pytest.mark.parametrize(("networks", "most_in_a_quarter"), [(1, MOST_IN_A_QUARTER), (20, MOST_OF_STRANGERS)])
def test_a_thief_with_the_password_gets_ten_codes_a_quarter_and_eighty_in_all(
    alice: User, clock: TestClock, checks: Callable[[], int], networks: int, most_in_a_quarter: int
) -> None:
    clock.stop()

    guessed = month_of_guessing(alice, clock, checks, days=1, networks=networks)

    assert guessed == (MOST, most_in_a_quarter, 0)


def test_many_networks_share_the_rate_and_the_hundred(alice: User, clock: TestClock, checks: Callable[[], int]) -> None:
    """Whoever is known may go on to 30 in the quarter of an hour, and no further."""
    clock.stop()
    device = code_app(alice)
    mine = settle(alice, clock)
    checked = checks()
    for number in range(50):
        rob(alice, device, f"198.51.{number}.9", 3)
    of_strangers = checks() - checked
    for _ in range(2):
        give_password(mine, alice)
        for _try in range(12):
            mine.post(PAGE, {"code": wrong_code(device)})

    assert (of_strangers, checks() - checked) == (MOST_OF_STRANGERS, MOST_OF_ALL_NETWORKS)


def test_where_the_owner_is_known_for_a_week_twenty_are_kept(
    alice: User, clock: TestClock, checks: Callable[[], int]
) -> None:
    """Ten of them for its browsers: somebody in its network has the password, too."""
    clock.stop()
    device = code_app(alice)
    mine = settle(alice, clock)
    checked = checks()
    while checks() - checked < MOST:
        rob(alice, device, ELSEWHERE, MOST_IN_A_QUARTER)
        clock.advance(QUARTER)

    for _day in range(4):
        day = checks()
        rob(alice, device, HOME, 12)
        assert checks() - day <= KEPT_A_DAY
        before = checks()
        assert sign_in(mine, alice)["Location"] == "/security/"
        mine.post("/logout/")
        checked += checks() - before
        clock.advance(timedelta(days=1))
    assert checks() - checked == MOST + 10

    for _day in range(4):
        give_password(mine, alice)
        for _ in range(12):
            mine.post(PAGE, {"code": wrong_code(device)})
        clock.advance(timedelta(days=1))
    assert checks() - checked == MOST_OF_ALL


def test_a_hundred_is_the_end_however_long_somebody_waits(
    alice: User, clock: TestClock, checks: Callable[[], int]
) -> None:
    clock.stop()
    device = code_app(alice)
    mine = settle(alice, clock)
    checked = checks()
    for _season in range(2):
        for day in range(8):
            rob(alice, device, f"198.51.{day}.9", 12)
            give_password(mine, alice)
            for _ in range(7):
                mine.post(PAGE, {"code": wrong_code(device)})
            clock.advance(timedelta(days=1))
        clock.advance(timedelta(days=95))
        purge_accounts()

    assert checks() - checked <= MOST_OF_ALL


def test_the_week_counts_from_the_first_sign_in_there(alice: User, clock: TestClock) -> None:
    clock.stop()
    device = code_app(alice)
    assert owner_comes_in(alice)
    clock.advance(QUARTER)
    for number in range(5):
        rob(alice, device, f"198.51.{number}.9", MOST_IN_A_QUARTER)
    owner = browser_at(HOME)
    give_password(owner, alice)

    assert owner.post(PAGE, {"code": totp_code(device)}).status_code == 429, "known since a quarter of an hour"


def test_a_key_and_a_backup_code_at_home_open_what_strangers_closed(alice: User, clock: TestClock) -> None:
    clock.stop()
    device, key = code_app(alice), security_key(alice)
    for number in range(20):
        rob(alice, device, f"198.51.{number}.9", MOST_IN_A_QUARTER)
        clock.advance(QUARTER)

    owner = browser_at(ELSEWHERE)
    give_password(owner, alice)
    assert owner.post(PAGE, {"code": totp_code(device)}).status_code == 429
    options = owner.post("/login/verify/webauthn/options/").json()
    assert owner.post("/login/verify/webauthn/", {"credential": json.dumps(key.sign(options))}).status_code == 302


def test_wrong_answers_of_keys_use_up_no_codes(alice: User, clock: TestClock) -> None:
    clock.stop()
    device = code_app(alice)
    security_key(alice)
    thief = browser_at(ELSEWHERE)
    give_password(thief, alice)
    for _ in range(30):
        assert thief.post("/login/verify/webauthn/", {"credential": "{}"}).status_code == 422

    assert thief.post(PAGE, {"code": totp_code(device)}).status_code == 302


# ── Somebody who is signed in ──
def test_confirming_wrongly_closes_that_session_and_no_sign_in(alice: User, clock: TestClock) -> None:
    clock.stop()
    device = code_app(alice)
    owner, thief = browser_at(HOME), Client(REMOTE_ADDR=ELSEWHERE)
    sign_in(owner, alice)
    thief.cookies.update(owner.cookies)
    clock.advance(QUARTER)

    statuses = [thief.post("/confirm/", {"code": wrong_code(device)}).status_code for _ in range(30)]

    assert statuses == [422] * 5 + [429] * 25
    refused = thief.post("/confirm/", {"code": wrong_code(device)}).content.decode()
    assert "Sign out, then sign in again" in refused
    assert owner.post("/confirm/", {"code": totp_code(device)}).status_code == 429, "the same session"
    owner.post("/logout/")
    assert owner_comes_in(alice)


def test_ten_wrong_confirmations_a_day_over_all_sessions(alice: User, clock: TestClock) -> None:
    clock.stop()
    device = code_app(alice)
    statuses: list[int] = []
    for _session in range(3):
        browser = browser_at(HOME)
        sign_in(browser, alice)
        statuses += [browser.post("/confirm/", {"code": wrong_code(device)}).status_code for _ in range(5)]
        clock.advance(timedelta(minutes=1))

    assert statuses == [422] * 10 + [429] * 5
    assert owner_comes_in(alice)


def test_a_session_that_guessed_confirms_by_nothing_any_more(alice: User, clock: TestClock) -> None:
    clock.stop()
    device, key = code_app(alice), security_key(alice)
    owner = browser_at(HOME)
    sign_in(owner, alice)
    clock.advance(QUARTER)
    for _ in range(5):
        owner.post("/confirm/?method=totp", {"code": wrong_code(device)})

    options = owner.post("/2fa/webauthn/confirm/options/")
    assert options.status_code == 200
    credential = json.dumps(key.sign(options.json()))
    assert owner.post("/confirm/?method=webauthn", {"credential": credential}).status_code == 429


@pytest.mark.prove
@pytest.mark.parametrize(("networks", "most_allowed"), [(1, MOST_IN_A_QUARTER), (50, MOST_OF_STRANGERS)])
def test_a_month_of_guessing_is_a_hundred_guesses(
    alice: User,
    clock: TestClock,
    checks: Callable[[], int],
    evidence: Evidence,
    *,
    networks: int,
    most_allowed: int,
) -> None:
    clock.stop()

    in_all, most, kept_out = month_of_guessing(alice, clock, checks, days=30, networks=networks)

    over = max(in_all - MOST, 0) + max(most - most_allowed, 0) + kept_out
    note = (
        f"in 30 days {in_all} codes were looked at, {most} in a quarter of an hour; "
        "its owner, known for a week, signed in each day"
    )
    name = f"N3 codes guessed by somebody with the password, from {networks} network(s): over the limits"
    evidence(name, 30 * 96 * 12 * networks, over, note)


def sign_ins_under_attack(user: User, clock: TestClock, *, sign_ins: int) -> int:
    """How many of the owner's sign-ins from home fail, while strangers guess passwords and a thief guesses codes."""
    device = code_app(user)
    settle(user, clock)
    refused = 0
    for number in range(sign_ins):
        for _ in range(7):  # five are looked at, the others are refused
            guess(browser_at(ELSEWHERE), user)
        rob(user, device, f"192.0.{number % 50}.9", 3)
        clock.advance(timedelta(minutes=1))
        refused += not owner_comes_in(user)
    return refused


def test_the_owner_signs_in_from_home_all_the_while(alice: User, clock: TestClock) -> None:
    assert sign_ins_under_attack(alice, clock, sign_ins=10) == 0


@pytest.mark.prove
def test_the_owner_signs_in_from_home_three_hundred_times(alice: User, clock: TestClock, evidence: Evidence) -> None:
    refused = sign_ins_under_attack(alice, clock, sign_ins=300)

    evidence(
        "N4 the owner's sign-ins from a known network that were refused",
        300,
        refused,
        "while strangers guess passwords and codes, from 50 networks",
    )

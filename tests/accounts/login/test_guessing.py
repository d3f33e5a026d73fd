"""How often a password may be guessed, and whom that must not keep out (PW-03, PW-06, PW-07, N4)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from audit.models import SecurityEvent
from lib.models import Counter
from tests.accounts.browsers import ELSEWHERE, HOME, HOME_TOO, browser_at, guess, is_in
from tests.bed.people import PASSWORD, code_app, give_password, sign_in
from tests.bed.race import race, threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.evidence import Evidence

DAYS_89, DAYS_91 = timedelta(days=89), timedelta(days=91)


def wrong_passwords() -> int:
    """How many reached the hasher: each leaves a record."""
    return SecurityEvent.objects.filter(slug="password.failed").count()


def attack(user: User, tries: int = 8) -> list[int]:
    """Guesses by a stranger; returns the answers' statuses."""
    return [guess(browser_at(ELSEWHERE), user).status_code for _ in range(tries)]


@pytest.fixture
def known_at_home(alice: User) -> User:
    """Alice, who signed in from home, and out again."""
    client = browser_at(HOME)
    sign_in(client, alice)
    client.post("/logout/")
    return alice


# ── Waits (PW-03) ──
def test_five_may_be_wrong_then_there_is_a_wait(alice: User, hashes: Callable[[], int]) -> None:
    statuses = attack(alice)

    assert statuses == [422] * 5 + [429] * 3
    assert wrong_passwords() == 5
    assert hashes() == 5, "nobody is known there: there is nothing to be told"


def test_the_waits_double_from_30_seconds_to_an_hour(alice: User, clock: TestClock) -> None:
    clock.stop()
    attack(alice, tries=5)
    waits = []

    for _ in range(10):
        waits.append(int(guess(browser_at(ELSEWHERE), alice).headers["Retry-After"]))
        clock.advance(timedelta(seconds=waits[-1] - 1))
        assert guess(browser_at(ELSEWHERE), alice).status_code == 429
        clock.advance(timedelta(seconds=1))
        assert guess(browser_at(ELSEWHERE), alice).status_code == 422

    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_hundred_wrong_ones_in_a_row_are_the_end(alice: User, clock: TestClock) -> None:
    clock.stop()
    for _ in range(110):
        answer = guess(browser_at(ELSEWHERE), alice)
        clock.advance(timedelta(hours=1))

    clock.advance(timedelta(days=1000))
    answer = guess(browser_at(ELSEWHERE), alice)
    assert wrong_passwords() == 100
    assert answer.status_code == 429
    assert "Waiting does not open it again" in answer.content.decode()
    assert guess(browser_at(ELSEWHERE), alice, PASSWORD).status_code == 429


@pytest.mark.prove
def test_a_month_of_guessing_with_all_patience_is_a_hundred_guesses(alice: User, clock: TestClock) -> None:
    clock.stop()
    for _ in range(30 * 24):
        guess(browser_at(ELSEWHERE), alice)
        clock.advance(timedelta(hours=1))

    assert wrong_passwords() == 100


def test_the_right_password_is_accepted_directly_after_wrong_ones(alice: User) -> None:
    attack(alice, tries=4)

    assert guess(browser_at(ELSEWHERE), alice, PASSWORD).status_code == 302


def test_the_right_password_gives_all_tries_back(alice: User) -> None:
    attack(alice, tries=4)
    client = browser_at(ELSEWHERE)
    give_password(client, alice)

    assert attack(alice)[:5] == [422] * 5


def test_the_right_password_does_not_end_a_wait(alice: User) -> None:
    attack(alice, tries=5)

    assert guess(browser_at(ELSEWHERE), alice, PASSWORD).status_code == 429


@pytest.mark.parametrize("spelling", [str.upper, str.title, lambda login: f" {login} "])
def test_another_spelling_is_no_other_account(alice: User, spelling: Callable[[str], str]) -> None:
    logins = [alice.email, alice.login_id, spelling(alice.email), spelling(alice.login_id)]

    statuses = [guess(browser_at(ELSEWHERE), login).status_code for login in logins * 3]

    assert statuses == [422] * 5 + [429] * 7


@pytest.mark.django_db
def test_nobody_has_one_count_in_any_spelling() -> None:
    statuses = [guess(browser_at(ELSEWHERE), login).status_code for login in ("no@one.example", " NO@one.example ") * 4]

    assert statuses == [422] * 5 + [429] * 3


def test_another_account_is_not_closed_with_the_first(alice: User, bob: User) -> None:
    attack(alice)

    assert attack(bob)[0] == 422


def test_a_refusal_is_a_page_that_says_how_long(alice: User, clock: TestClock) -> None:
    clock.stop()
    attack(alice, tries=5)

    answer = guess(browser_at(ELSEWHERE), alice)

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert "Wait 30 seconds" in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]


# ── The owner is not kept out (N4) ──
def test_strangers_do_not_close_the_door_at_home(known_at_home: User) -> None:
    assert attack(known_at_home)[-1] == 429

    for ip in (HOME, HOME_TOO):
        client = browser_at(ip)
        give_password(client, known_at_home)
        assert is_in(client)


def test_whoever_signs_in_at_home_does_not_open_the_door_for_strangers(known_at_home: User) -> None:
    attack(known_at_home)
    give_password(browser_at(HOME), known_at_home)

    assert attack(known_at_home, tries=1) == [429]


def test_home_has_its_own_limit(known_at_home: User) -> None:
    statuses = [guess(browser_at(HOME), known_at_home).status_code for _ in range(7)]

    assert statuses == [422] * 5 + [429] * 2


@pytest.mark.parametrize(("later", "status"), [(DAYS_89, 302), (DAYS_91, 429)])
def test_a_network_is_known_for_90_days(known_at_home: User, clock: TestClock, later: timedelta, status: int) -> None:
    clock.advance(later)
    attack(known_at_home)

    assert guess(browser_at(HOME), known_at_home, PASSWORD).status_code == status


def test_the_password_alone_makes_no_network_known_where_there_is_a_second_step(alice: User) -> None:
    code_app(alice)
    give_password(browser_at(HOME), alice)
    attack(alice)

    assert guess(browser_at(HOME), alice, PASSWORD).status_code == 429


def test_a_network_is_known_for_its_own_person_only(known_at_home: User, bob: User) -> None:
    assert known_at_home != bob
    attack(bob)

    assert guess(browser_at(HOME), bob, PASSWORD).status_code == 429


def test_everybody_signs_in_from_home_while_a_stranger_attacks(known_at_home: User, clock: TestClock) -> None:
    refused = []
    for _ in range(20):
        attack(known_at_home, tries=10)
        client = browser_at(HOME)
        refused.append(give_password(client, known_at_home).status_code != 302)
        clock.advance(timedelta(minutes=7))

    assert not any(refused)


def test_a_neighbour_does_not_close_the_door_to_a_known_browser(alice: User) -> None:
    mine = browser_at(HOME)
    sign_in(mine, alice)
    mine.post("/logout/")
    statuses = [guess(browser_at(HOME_TOO), alice).status_code for _ in range(12)]

    assert statuses == [422] * 5 + [429] * 7
    assert guess(browser_at(HOME), alice, PASSWORD).status_code == 429
    assert guess(mine, alice, PASSWORD).status_code == 302


def test_a_copy_of_the_cookie_does_not_close_the_door_to_its_browser(alice: User) -> None:
    mine = browser_at(HOME)
    sign_in(mine, alice)
    mine.post("/logout/")
    thief = browser_at(ELSEWHERE)
    thief.cookies.update(mine.cookies)
    for _ in range(12):
        guess(thief, alice)

    assert guess(thief, alice, PASSWORD).status_code == 429
    assert guess(mine, alice, PASSWORD).status_code == 302


def test_who_is_signed_in_gets_no_fresh_tries_by_signing_others_out(alice: User) -> None:
    thief = browser_at(HOME)
    sign_in(thief, alice)
    typed = {"current_password": "wrong", "password": "Nine-Herons-Wait-By-Ponds"}
    for _ in range(8):
        for _try in range(4):
            thief.post("/password/", typed)
            guess(browser_at(ELSEWHERE), alice)
        thief.post("/sessions/others/end/")

    assert wrong_passwords() == 5 + 5  # in that session, and by strangers


@pytest.mark.parametrize("end", ["/sessions/others/end/", "/sessions/all/end/"])
def test_a_browser_that_signed_out_everywhere_else_is_known_and_others_are_not(alice: User, end: str) -> None:
    here, there = browser_at(HOME), browser_at(ELSEWHERE)
    for browser in (there, here):
        sign_in(browser, alice)
    here.post(end)
    attack_from = "192.0.2.5"
    for _ in range(6):
        guess(browser_at(attack_from), alice)
    for browser in (here, there):
        browser.defaults["REMOTE_ADDR"] = "192.0.2.77"
        browser.post("/logout/")

    assert guess(there, alice, PASSWORD).status_code == 429
    assert guess(here, alice, PASSWORD).status_code == (302 if "others" in end else 429)


# ── Over many accounts ──
def test_one_network_tries_no_list_of_passwords_on_many_accounts(django_user_model: type[User], alice: User) -> None:
    logins = [f"victim{number}@alpina.example" for number in range(60)]
    for login in logins[::2]:
        django_user_model.objects.create_user(email=login, password=PASSWORD, name="Victim", country="CH")
    sign_in(browser_at(ELSEWHERE), alice)

    statuses = [guess(browser_at(ELSEWHERE), login).status_code for login in logins]

    assert statuses == [422] * 30 + [429] * 30
    assert guess(browser_at(ELSEWHERE), logins[0], PASSWORD).status_code == 429
    assert guess(browser_at(HOME), logins[0], PASSWORD).status_code == 302
    assert guess(browser_at(ELSEWHERE), alice, PASSWORD).status_code == 302, "who is known there is not kept out"


def test_right_passwords_use_up_nothing_of_their_network(django_user_model: type[User]) -> None:
    people = [
        django_user_model.objects.create_user(
            email=f"p{number}@alpina.example", password=PASSWORD, name="P", country="CH"
        )
        for number in range(40)
    ]

    assert {guess(browser_at(ELSEWHERE), user, PASSWORD).status_code for user in people} == {302}


# ── A known network tells nobody who exists ──
def test_a_limit_over_many_accounts_does_not_tell_either(known_at_home: User, bob: User) -> None:
    """Known here, known nowhere, nobody: where the network has no tries left, and where others have."""
    for number in range(31):
        guess(browser_at(HOME_TOO), f"no{number}@one.example")
    logins = [known_at_home.email, bob.email, "no@one.example"]

    seen = [[guess(browser_at(ip), login).status_code for ip in [HOME] * 4 + [ELSEWHERE] * 7] for login in logins]

    assert seen[0] == seen[1] == seen[2] == [429] * 4 + [422] * 5 + [429] * 2


def test_tries_after_the_limit_cost_as_much_for_all_and_stop(
    known_at_home: User, bob: User, hashes: Callable[[], int]
) -> None:
    costs = []
    for login in (known_at_home.email, bob.email, "no@one.example"):
        for _ in range(5):
            guess(browser_at(HOME_TOO), login)
        hashes()
        for _ in range(20):
            assert guess(browser_at(HOME_TOO), login).status_code == 429
        costs.append(hashes())

    assert costs == [5, 5, 5]


def test_one_more_try_does_not_tell_who_exists(known_at_home: User, bob: User, clock: TestClock) -> None:
    """Known here, known elsewhere only, nobody: the answers are the same, in whatever order the networks come."""
    sign_in(browser_at("192.0.2.5"), bob)
    clock.advance(timedelta(minutes=1))
    logins = [known_at_home.email, bob.email, "no@one.example"]
    orders = [[HOME] * 6 + [ELSEWHERE] * 2, [ELSEWHERE] * 6 + [HOME] * 2, [HOME, ELSEWHERE] * 5]

    for order in orders:
        seen = [[guess(browser_at(ip), login).status_code for ip in order] for login in logins]
        Counter.objects.all().delete()

        assert seen[0] == seen[1] == seen[2]


# ── Nobody chooses where tries are counted (PW-07) ──
SPOOFS: list[Callable[[int], dict[str, str]]] = [
    lambda n: {"HTTP_X_FORWARDED_FOR": f"192.0.2.{n}"},
    lambda n: {"HTTP_X_FORWARDED_FOR": f"{HOME}, 192.0.2.{n}"},
    lambda n: {"HTTP_X_REAL_IP": f"192.0.2.{n}", "HTTP_FORWARDED": f"for=192.0.2.{n}", "HTTP_CLIENT_IP": HOME},
    lambda n: {"HTTP_X_FORWARDED_FOR": "a" * n},
    lambda n: {"HTTP_USER_AGENT": f"Browser {n}", "HTTP_ACCEPT_LANGUAGE": "de", "HTTP_COOKIE": f"session={n}"},
]


@pytest.mark.parametrize("trusted", [[], ["10.0.0.0/8"]], ids=["no proxy", "a proxy elsewhere"])
@pytest.mark.parametrize("spoof", SPOOFS)
def test_fifty_invented_addresses_are_one(
    known_at_home: User, settings: SettingsWrapper, spoof: Callable[[int], dict[str, str]], trusted: list[str]
) -> None:
    settings.TRUSTED_PROXIES = trusted

    for number in range(50):
        guess(browser_at(ELSEWHERE), known_at_home, **spoof(number))

    assert wrong_passwords() == 5
    assert set(SecurityEvent.objects.filter(slug="password.failed").values_list("ip", flat=True)) == {ELSEWHERE}


def test_behind_our_proxy_people_are_told_apart(alice: User, settings: SettingsWrapper) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.2"]

    def behind() -> Client:
        return browser_at("10.0.0.2")

    sign_in(browser_at("10.0.0.2", HTTP_X_FORWARDED_FOR=HOME), alice)

    for _ in range(8):
        guess(behind(), alice, HTTP_X_FORWARDED_FOR=f"{HOME}, {ELSEWHERE}")

    assert guess(behind(), alice, PASSWORD, HTTP_X_FORWARDED_FOR=HOME).status_code == 302
    assert guess(behind(), alice, PASSWORD, HTTP_X_FORWARDED_FOR=ELSEWHERE).status_code == 429


@pytest.mark.parametrize("ip", ["", "fe80::1%eth0", "::1", "::ffff:203.0.113.7", "garbage"])
def test_people_sign_in_from_any_address(alice: User, ip: str) -> None:
    client = browser_at(ip)

    give_password(client, alice)

    assert is_in(client)


# ── At the same instant (PW-06) ──
@pytest.mark.django_db(transaction=True)
def test_of_64_at_the_same_instant_five_reach_the_hasher(alice: User) -> None:
    size = threads(64, few=12)

    statuses = race(size, lambda number: guess(browser_at(f"198.51.{number}.9"), alice).status_code)

    assert sorted(statuses) == [422] * 5 + [429] * (size - 5)
    assert wrong_passwords() == 5


@pytest.mark.django_db(transaction=True)
def test_64_for_nobody_are_limited_as_well() -> None:
    size = threads(64, few=12)

    statuses = race(size, lambda number: guess(browser_at(f"198.51.{number}.9"), "no@one.example").status_code)

    assert sorted(statuses) == [422] * 5 + [429] * (size - 5)


@pytest.mark.prove
@pytest.mark.django_db(transaction=True)
def test_no_burst_of_many_lets_a_sixth_through(django_user_model: type[User], evidence: Evidence) -> None:
    rounds, more_than_five = 50, 0
    for number in range(rounds):
        user = django_user_model.objects.create_user(
            email=f"victim{number}@alpina.example", password=PASSWORD, name="Victim", country="CH"
        )
        statuses = race(64, lambda thread, user=user: guess(browser_at(f"198.51.{thread}.9"), user).status_code)
        more_than_five += statuses.count(422) > 5

    evidence("PW-06 bursts of 64 wrong passwords: more than 5 reached the hasher", rounds * 64, more_than_five)


@pytest.mark.django_db(transaction=True)
def test_the_owner_gets_in_in_the_middle_of_a_burst(known_at_home: User) -> None:
    def someone(number: int) -> int:
        if number:
            return guess(Client(REMOTE_ADDR=ELSEWHERE), known_at_home).status_code
        return guess(browser_at(HOME), known_at_home, PASSWORD).status_code

    assert race(threads(24, few=12), someone)[0] == 302

"""A wrong password says nothing about who exists (PW-01, ASVS 6.3.8)."""

from __future__ import annotations

import random
import re
import time
from itertools import combinations
from math import sqrt
from statistics import NormalDist, median
from typing import TYPE_CHECKING

import argon2
import httpx
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.user.models import User
from tests.accounts.browsers import WRONG, browser_at, guess
from tests.bed.people import PASSWORD, code_app
from tests.bed.servers import as_in_tests, gunicorn_running

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from tests.bed.clock import TestClock
    from tests.bed.evidence import Evidence

KINDS = ("active", "absent", "barred", "sealed")  # as long as each other: so are the pages that repeat them
PERSONAL = {"Date", "Set-Cookie", "X-Request-ID"}
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')


def address(kind: str, number: int = 0) -> str:
    return f"{kind}{number}@alpina.example"


def person(kind: str, number: int = 0) -> None:
    """An active account, one that was disabled, one with a second step; "absent" has none."""
    if kind == "absent":
        return
    user = User.objects.create_user(
        email=address(kind, number), password=PASSWORD, name="X", country="CH", is_active=kind != "barred"
    )
    if kind == "sealed":
        code_app(user)


@pytest.fixture
def people(db: None) -> None:  # noqa: ARG001 - people are rows
    for kind in KINDS:
        person(kind)


def shown(answer: HttpResponse, typed: str) -> tuple[object, ...]:
    """Everything an answer shows, but for what was typed and the forgery token."""
    body = TOKEN.sub("", answer.content.decode()).replace(typed, "<typed>")
    headers = {name: value for name, value in answer.headers.items() if name not in PERSONAL}
    cookies = {name: {**cookie, "expires": ""} for name, cookie in answer.cookies.items()}
    return answer.status_code, body, headers, cookies


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("password", [WRONG, "x", PASSWORD + " "])
def test_the_answers_are_equal_to_the_byte(password: str) -> None:
    answers = [shown(guess(Client(), address(kind), password), address(kind)) for kind in KINDS]

    assert answers[0][0] == 422
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.usefixtures("people")
def test_the_right_password_of_a_disabled_account_is_like_a_wrong_one() -> None:
    barred = shown(guess(Client(), address("barred"), PASSWORD), address("barred"))

    assert barred == shown(guess(Client(), address("active"), WRONG), address("active"))


@pytest.mark.usefixtures("people")
def test_the_limit_comes_as_soon_and_says_the_same(clock: TestClock) -> None:
    clock.stop()
    answers = {kind: [guess(browser_at("198.51.100.9"), address(kind)) for _ in range(7)] for kind in KINDS}

    assert [answer.status_code for answer in answers["active"]] == [422] * 5 + [429] * 2
    for kind in KINDS:
        assert [shown(a, address(kind)) for a in answers[kind]] == [
            shown(a, address("active")) for a in answers["active"]
        ]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("letters", "typed"), [("SA", "\u017fA"), ("SS", "\u00df")])
def test_another_spelling_of_a_login_id_does_not_tell_who_exists(letters: str, typed: str) -> None:
    """Long s becomes an S in upper case, and sharp s two; in lower case they stay what they are."""
    User.objects.filter(email=address("active")).update(login_id=f"{letters}12345")
    statuses = []
    for number in ("12345", "54321"):  # somebody's, nobody's
        for _ in range(5):
            guess(browser_at("198.51.100.9"), f"{letters}{number}")
        statuses.append(guess(browser_at("198.51.100.9"), f"{typed}{number}").status_code)

    assert statuses == [422, 422]


@pytest.mark.usefixtures("people")
def test_each_answer_costs_one_hash_and_equally_many_queries(hashes: Callable[[], int]) -> None:
    costs = {}
    for kind in KINDS:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            guess(Client(), address(kind))
        costs[kind] = (hashes(), len(queries))

    assert costs["active"][0] == 1
    assert len(set(costs.values())) == 1, costs


@pytest.mark.usefixtures("people")
def test_an_account_without_a_password_costs_a_hash_too(hashes: Callable[[], int]) -> None:
    user = User.objects.get(email=address("active"))
    user.set_password(None)
    user.save()
    hashes()

    guess(Client(), user)

    assert hashes() == 1


@pytest.mark.parametrize("login", ["AB12345", "nobody@alpina.example", "AB12345@", "'", "x" * 254])
@pytest.mark.django_db
def test_nobody_costs_a_hash_however_named(hashes: Callable[[], int], login: str) -> None:
    answer = guess(Client(), login)

    assert (answer.status_code, hashes()) == (422, 1)


# ── Time ──
ROUNDS = 200
MILLISECONDS_APART = 10
LIKELY = 0.01  # by chance alone, one comparison in a hundred is less likely


@pytest.mark.prove
@pytest.mark.django_db(transaction=True)
def test_the_time_does_not_tell_who_exists(evidence: Evidence) -> None:
    """As in production: real servers, the real cost of a hash. Each account is asked once: no limit is met."""
    cost = {"time_cost": 2, "memory_cost": 19 * 1024, "parallelism": 1}
    for number in range(ROUNDS):
        for kind in KINDS:
            person(kind, number)
    User.objects.update(password="argon2" + argon2.PasswordHasher(**cost).hash(PASSWORD))

    environment = as_in_tests() | {"ARGON2_TIME_COST": "2", "ARGON2_MEMORY_KIB": str(19 * 1024)}
    with gunicorn_running(workers=1, environment=environment) as (url, _pid):
        times = measured(url)

    medians = {kind: median(times[kind]) * 1000 for kind in KINDS}
    apart = max(medians.values()) - min(medians.values())
    too_far = int(apart >= MILLISECONDS_APART)
    evidence("N11 sign-in: medians over 10 ms apart (4 kinds)", ROUNDS * len(KINDS), too_far, f"{apart:.1f} ms apart")
    chances = sorted(rank_p(times[one], times[other]) for one, other in combinations(KINDS, 2))
    told = sum(chance <= LIKELY for chance in chances)
    note = "p " + ", ".join(f"{chance:.2f}" for chance in chances)
    evidence("N11 sign-in: pairs of kinds that ranks tell apart", len(chances), told, note)


def measured(url: str) -> dict[str, list[float]]:
    """Seconds for a wrong password of each kind, in turns, so that a slow moment hits all of them."""
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with httpx.Client(base_url=url) as client:
        client.get("/login/")
        token = TOKEN.search(client.get("/login/").text)
        assert token is not None
        form = {"csrfmiddlewaretoken": token.group().split('"')[3], "password": WRONG}
        for number in range(ROUNDS):
            turn = number % len(KINDS)
            for kind in KINDS[turn:] + KINDS[:turn]:
                began = time.perf_counter()
                answer = client.post("/login/", data={**form, "login": address(kind, number)})
                times[kind].append(time.perf_counter() - began)
                assert answer.status_code == 422
    return times


def rank_p(ours: list[float], theirs: list[float]) -> float:
    """How likely ranks this far apart are if both are of one distribution (Mann-Whitney, normal approximation)."""
    mean, sigma = len(ours) * len(theirs) / 2, sqrt(len(ours) * len(theirs) * (len(ours) + len(theirs) + 1) / 12)
    earlier = sum(mine < other for mine in ours for other in theirs)
    return 2 * NormalDist().cdf(-abs(earlier - mean) / sigma)


def test_ranks_tell_what_a_millisecond_makes() -> None:
    chance = random.Random(7)
    ours, theirs = ([chance.gauss(40, 2) for _ in range(ROUNDS)] for _ in range(2))

    assert rank_p(ours, theirs) > LIKELY
    assert rank_p(ours, [seconds + 1 for seconds in theirs]) < LIKELY

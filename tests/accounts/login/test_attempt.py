"""A pending sign-in: finished once, for ten minutes (2F-07), by the browser that began it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.login.models import LoginAttempt
from tests.accounts.browsers import is_in
from tests.bed.people import code_app, give_password, totp_code
from tests.bed.race import race

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock


@pytest.fixture
def attempt(alice: User) -> LoginAttempt:
    code_app(alice)
    give_password(Client(), alice)
    return LoginAttempt.objects.get()


def test_it_is_claimed_once(attempt: LoginAttempt) -> None:
    assert [attempt.claim(), attempt.claim()] == [True, False]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(5))
def test_of_many_at_the_same_instant_one_claims_it(attempt: LoginAttempt, round_: int) -> None:
    """One statement decides: what it asks of the attempt itself is looked at again once the row is locked."""
    del round_

    def claim(_number: int) -> bool:
        with transaction.atomic():
            return LoginAttempt.objects.get(pk=attempt.pk).claim()

    assert sum(race(16, claim)) == 1


def test_claiming_asks_for_the_state_of_the_very_row_it_changes(attempt: LoginAttempt) -> None:
    """In a sub-query alone PostgreSQL would read the state as it was before the wait for the lock."""
    with CaptureQueriesContext(connection) as queries:
        attempt.claim()

    outer = queries[0]["sql"].partition("SELECT")[0]
    assert '"accounts_loginattempt"."state" =' in outer.partition("WHERE")[2]


@pytest.mark.parametrize(
    ("later", "counts"), [(timedelta(minutes=9, seconds=59), True), (timedelta(minutes=10), False)]
)
def test_it_lives_for_ten_minutes(attempt: LoginAttempt, clock: TestClock, later: timedelta, *, counts: bool) -> None:
    clock.stop(attempt.started_at + later)

    assert attempt.claim() is counts


def test_a_change_of_password_or_methods_kills_it(alice: User, attempt: LoginAttempt) -> None:
    alice.auth_generation += 1
    alice.save()

    assert not attempt.claim()


def test_a_disabled_person_cannot_finish_it(alice: User, attempt: LoginAttempt) -> None:
    alice.is_active = False
    alice.save()

    assert not attempt.claim()


def test_when_it_has_run_out_one_starts_again(alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    client = Client()
    give_password(client, alice)
    clock.advance(timedelta(minutes=10, seconds=1))

    answers = [client.get("/login/verify/"), client.post("/login/verify/totp/", {"code": totp_code(device)})]

    assert [answer.headers["Location"] for answer in answers] == ["/login/", "/login/"]
    assert not is_in(client)

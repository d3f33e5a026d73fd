"""Sessions: how long, under which key, and how they stay ended (SE-01, SE-05, SE-07, SE-09, DB-05)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import connection
from django.test import Client
from django.utils.module_loading import import_string

from accounts.sessions.actions import purge_sessions
from accounts.sessions.models import Ending, Session
from accounts.user.models import User
from lib import clock as product_clock
from tests.accounts.browsers import browser_with, is_in, key_of
from tests.bed.people import PASSWORD, code_app, give_password, sign_in
from tests.bed.race import race

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.sessions.store import SessionStore
    from tests.bed.clock import TestClock

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)


def store_of(client: Client) -> SessionStore:
    """The browser's session as a request loads it."""
    store: SessionStore = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(key_of(client))
    assert not store.is_empty()
    assert "_auth_user_id" in store
    return store


def as_staff(user: User) -> Client:
    User.objects.filter(pk=user.pk).update(is_support=True)
    client = Client()
    sign_in(client, user)
    return client


def stays_in(client: Client, clock: TestClock, *, every: timedelta, during: timedelta) -> bool:
    """Whether every request of somebody who is never idle for long is answered."""
    for _ in range(during // every):
        clock.advance(every)
        if not is_in(client):
            return False
    return True


# ── How long (SE-05) ──
@pytest.mark.parametrize(
    ("idle", "alive"), [(HOUR - SECOND, True), (HOUR + SECOND, False), (timedelta(days=400), False)]
)
def test_people_may_rest_for_an_hour(alices: Client, clock: TestClock, idle: timedelta, *, alive: bool) -> None:
    clock.advance(idle)

    assert is_in(alices) is alive


@pytest.mark.parametrize(("idle", "alive"), [(15 * MINUTE - SECOND, True), (15 * MINUTE + SECOND, False)])
def test_staff_may_rest_for_a_quarter(alice: User, clock: TestClock, idle: timedelta, *, alive: bool) -> None:
    client = as_staff(alice)

    clock.advance(idle)

    assert is_in(client) is alive


def test_each_request_lets_one_rest_anew(alices: Client, clock: TestClock) -> None:
    assert stays_in(alices, clock, every=50 * MINUTE, during=10 * HOUR)


@pytest.mark.parametrize("staff", [False, True], ids=["people", "staff"])
def test_however_busy_a_session_ends(alice: User, clock: TestClock, *, staff: bool) -> None:
    client = as_staff(alice) if staff else Client()
    if not staff:
        sign_in(client, alice)
    age = 8 * HOUR if staff else DAY

    almost = stays_in(client, clock, every=10 * MINUTE, during=age - 10 * MINUTE)
    clock.advance(10 * MINUTE + SECOND)

    assert almost
    assert not is_in(client)


def test_changing_the_password_or_confirming_does_not_make_it_last_longer(alices: Client, clock: TestClock) -> None:
    ends_at = Session.objects.get().expires_at
    clock.advance(30 * MINUTE)

    alices.post("/confirm/", {"password": PASSWORD})
    alices.post("/password/", {"current_password": PASSWORD, "password": "Seven-Green-Bottles-Hang-Low-3"})

    assert Session.objects.get().expires_at == ends_at


def test_a_cookie_kept_for_longer_is_worth_nothing(alices: Client, clock: TestClock) -> None:
    key = key_of(alices)
    clock.advance(2 * DAY)

    assert not is_in(browser_with(key))


def test_a_clock_set_back_lengthens_no_session(alices: Client, clock: TestClock) -> None:
    clock.advance(-DAY)
    is_in(alices)
    clock.advance(DAY + HOUR + SECOND)

    assert not is_in(alices)


def test_a_row_is_written_once_a_minute_at_most(alices: Client, clock: TestClock) -> None:
    clock.stop()
    seen = Session.objects.get().last_seen_at
    clock.advance(timedelta(seconds=30))
    is_in(alices)
    after_half_a_minute = Session.objects.get().last_seen_at
    clock.advance(timedelta(seconds=31))
    is_in(alices)

    assert after_half_a_minute == seen
    assert Session.objects.get().last_seen_at > seen


# ── Rows and keys (SE-09, DB-05) ──
def test_keys_are_long_random_and_stored_as_digests(alice: User) -> None:
    keys = []
    for _ in range(20):
        client = Client()
        give_password(client, alice)
        keys.append(key_of(client))

    assert len(set(keys)) == 20
    assert all(len(key) == 43 for key in keys)
    for row in Session.objects.all():
        assert not any(key in str(value) for value in vars(row).values() for key in keys)


@pytest.mark.django_db
def test_a_visitor_gets_no_row_and_no_cookie() -> None:
    client = Client()

    for page in ("/login/", "/login/help/", "/password/forgot/"):
        client.get(page)

    assert key_of(client) == ""


def test_a_new_key_is_the_only_one(alices: Client) -> None:
    before = key_of(alices)

    alices.post("/confirm/", {"password": PASSWORD})

    assert key_of(alices) != before
    assert not is_in(browser_with(before))
    assert Session.objects.count() == 1


# ── Ended is ended ──
def test_a_session_ended_meanwhile_is_not_brought_back_by_a_save(alices: Client) -> None:
    under_way = store_of(alices)
    alices.post("/logout/")

    under_way["x"] = "y"
    with pytest.raises(SessionInterrupted):
        under_way.save()

    row = Session.objects.get()
    assert (row.data, row.ended_by) == ("", Ending.SIGNED_OUT)
    assert not is_in(browser_with(under_way.session_key or ""))


def test_nor_by_confirming(alices: Client) -> None:
    under_way = store_of(alices)
    alices.post("/logout/")

    under_way.grant_sudo()
    with pytest.raises(SessionInterrupted):
        under_way.save()

    assert not is_in(browser_with(under_way.session_key or ""))


def test_an_old_key_is_not_brought_back_by_a_request_that_was_under_way(alices: Client) -> None:
    """A thief with the old key must not win it back by writing while the owner confirms."""
    under_way = store_of(alices)
    old_key = key_of(alices)
    alices.post("/confirm/", {"password": PASSWORD})

    under_way["x"] = "y"
    with pytest.raises(SessionInterrupted):
        under_way.save()

    assert not is_in(browser_with(old_key))
    assert is_in(alices)


def test_a_late_answer_to_an_old_key_does_not_take_the_new_one(alices: Client) -> None:
    late = browser_with(key_of(alices))
    confirmed = alices.post("/confirm/", {"password": PASSWORD})

    answer = late.get("/login/")

    assert settings.SESSION_COOKIE_NAME in confirmed.cookies
    assert settings.SESSION_COOKIE_NAME not in answer.cookies  # it would sign the browser out that has the new key


def test_two_requests_at_once_may_both_write(alices: Client) -> None:
    first, second = store_of(alices), store_of(alices)
    first["x"] = 1
    first.save()

    second["y"] = 2
    second.save()

    assert is_in(alices)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_signs_nobody_out(alice: User) -> None:
    client = Client()
    sign_in(client, alice)
    key = key_of(client)

    def confirm(_number: int) -> tuple[int, str]:
        browser = browser_with(key)
        return browser.post("/confirm/", {"password": PASSWORD}).status_code, key_of(browser)

    answers = race(2, confirm)

    assert sum(is_in(browser_with(found)) for status, found in answers if status == 302) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(5))
def test_after_signing_out_nothing_that_was_under_way_lets_anybody_in(alice: User, round_: int) -> None:
    del round_
    client = Client(raise_request_exception=False)
    sign_in(client, alice)
    key = key_of(client)

    def act(number: int) -> tuple[int, str]:
        browser = browser_with(key)
        browser.raise_request_exception = False
        answer = browser.post("/logout/") if number == 0 else browser.post("/confirm/", {"password": PASSWORD})
        return answer.status_code, key_of(browser)

    answers = race(8, act)

    keys = {key, *(found for _status, found in answers)} - {""}
    signed_out = Session.objects.filter(user=alice, ended_at=None).count() == 0
    assert all(status < 500 for status, _key in answers), answers
    assert sum(is_in(browser_with(found)) for found in keys) == (0 if signed_out else 1)


def test_a_request_that_finds_its_session_ended_is_no_server_error(alice: User) -> None:
    """What /confirm/ does when the password was changed in another browser between question and answer."""
    client = Client(raise_request_exception=False)
    sign_in(client, alice)

    answer = _post_while_it_ends(client, alice)

    assert answer < 500
    assert not is_in(client)


def _post_while_it_ends(client: Client, user: User) -> int:
    """Confirm; just before the answer is written, another request ends the session."""

    def end_first(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if sql.startswith("UPDATE") and '"accounts_session" SET "key_digest"' in sql:
            Session.objects.filter(user=user, ended_at=None).update(ended_at=product_clock.now())
        return execute(sql, *arguments)

    with connection.execute_wrapper(end_first):
        return client.post("/confirm/", {"password": PASSWORD}).status_code


# ── Cookies (SE-07) ──
def test_the_cookie_is_for_this_site_and_no_script(alices: Client) -> None:
    cookie = alices.cookies["session"]

    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Lax", "/", "")
    assert len(cookie.OutputString()) < 4096


# ── Housekeeping ──
def test_the_purge_takes_visitors_at_once_and_people_after_90_days(
    alice: User, alices: Client, clock: TestClock
) -> None:
    code_app(alice)
    give_password(Client(), alice)
    assert Session.objects.filter(user=None).count() == 1

    clock.advance(2 * DAY)
    first = purge_sessions()
    clock.advance(90 * DAY)
    second = purge_sessions()

    clock.advance(274 * DAY)
    third = purge_sessions()

    assert (first, second, third) == (1, 0, 1)
    assert not is_in(alices)

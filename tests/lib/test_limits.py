"""The one limiter (PW-03, PW-06; ASVS 6.3.1, 15.4.2)."""

from __future__ import annotations

import copy
import itertools
import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.password.check import LIMIT as PASSWORDS
from lib import limits
from lib.clock import now
from lib.limits import Limit, TooManyAttempts, TooManyAttemptsMiddleware
from lib.models import Counter
from tests.bed.race import race, rounds, threads

if TYPE_CHECKING:
    from tests.bed.clock import TestClock

HOUR = timedelta(hours=1)
WINDOW = Limit(name="window", times=3, period=HOUR)
GROWING = Limit(name="growing", times=2, period=timedelta(days=1), first_wait=timedelta(seconds=30))
STRICT = Limit(name="strict", times=10**9, period=limits.FOREVER, most_in_a_row=7)

pytestmark = pytest.mark.django_db


def taken(limit: Limit, *subject: object, tries: int) -> int:
    """How many of so many tries were let through, one after the other."""
    return sum(is_let_through(limit, *subject) for _ in range(tries))


def is_let_through(limit: Limit, *subject: object) -> bool:
    try:
        limits.reserve(limit, *subject)
    except TooManyAttempts:
        return False
    return True


def wait_of(limit: Limit, *subject: object) -> int:
    """Seconds to wait, as the refusal of one more try says."""
    with pytest.raises(TooManyAttempts) as refusal:
        limits.reserve(limit, *subject)
    return refusal.value.retry_after


# ── A window ──
def test_a_window_lets_so_many_through(clock: TestClock) -> None:
    clock.stop()

    assert taken(WINDOW, "alice", tries=10) == 3
    assert wait_of(WINDOW, "alice") == 3600


def test_a_window_opens_again_at_its_end_and_not_before(clock: TestClock) -> None:
    clock.stop()
    taken(WINDOW, "alice", tries=5)

    clock.advance(HOUR - timedelta(seconds=1))
    before = taken(WINDOW, "alice", tries=5)
    clock.advance(timedelta(seconds=1))

    assert (before, taken(WINDOW, "alice", tries=5)) == (0, 3)


def test_subjects_and_limits_do_not_share_a_count() -> None:
    other = Limit(name="other", times=3, period=HOUR)
    taken(WINDOW, "alice", tries=5)

    assert taken(WINDOW, "bob", tries=5) == 3
    assert taken(other, "alice", tries=5) == 3


def test_the_table_does_not_tell_who_tried() -> None:
    limits.reserve(WINDOW, "alice@alpina.example")

    assert all("alice" not in key for key in Counter.objects.values_list("key", flat=True))


# ── Growing waits ──
def test_waits_grow_and_stop_growing_at_the_longest(clock: TestClock) -> None:
    clock.stop()
    limits.reserve(GROWING, "alice")
    waits = []

    for _ in range(10):
        limits.reserve(GROWING, "alice")
        waits.append(wait_of(GROWING, "alice"))
        clock.advance(timedelta(seconds=waits[-1]))

    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_refused_try_does_not_make_the_wait_longer(clock: TestClock) -> None:
    clock.stop()
    taken(GROWING, "alice", tries=50)

    assert wait_of(GROWING, "alice") == 30


def test_one_try_is_let_through_after_each_wait(clock: TestClock) -> None:
    clock.stop()
    taken(GROWING, "alice", tries=2)
    clock.advance(timedelta(seconds=30))

    assert taken(GROWING, "alice", tries=5) == 1


# ── The end ──
def test_after_so_many_in_a_row_waiting_does_not_help(clock: TestClock) -> None:
    let_through = taken(STRICT, "alice", tries=20)
    clock.advance(timedelta(days=3650))

    with pytest.raises(TooManyAttempts) as refusal:
        limits.reserve(STRICT, "alice")
    assert let_through == 7
    assert refusal.value.is_final


def test_a_right_answer_starts_the_count_anew() -> None:
    taken(STRICT, "alice", tries=6)
    limits.give_back(limits.reserve(STRICT, "alice"))

    assert taken(STRICT, "alice", tries=20) == 7


def test_forgetting_opens_at_once() -> None:
    taken(STRICT, "alice", tries=20)
    limits.forget(STRICT, "alice")

    assert is_let_through(STRICT, "alice")


# ── Two counters in one step ──
def reserve_with_total(network: str) -> limits.Reservation:
    return limits.reserve(WINDOW, "alice", network, totals=[(STRICT, ("alice",))])


def test_a_total_is_not_refilled_by_another_network() -> None:
    for _ in range(3):
        reserve_with_total("elsewhere")
    for _ in range(5):
        limits.give_back(reserve_with_total("home"))

    left = taken(STRICT, "alice", tries=20)
    assert left == 7 - 3


def test_a_right_answer_gives_back_what_its_own_network_used() -> None:
    reserve_with_total("home")
    reserve_with_total("home")
    limits.give_back(reserve_with_total("home"))

    assert taken(STRICT, "alice", tries=20) == 7


def test_a_refusal_by_one_counter_takes_nothing_from_the_other() -> None:
    for network in ("a", "a", "a", "a", "a", "b"):
        try:
            reserve_with_total(network)
        except TooManyAttempts:
            continue

    assert taken(STRICT, "alice", tries=20) == 7 - 4


def test_a_total_refuses_whatever_network_is_left() -> None:
    taken(STRICT, "alice", tries=7)

    with pytest.raises(TooManyAttempts):
        reserve_with_total("fresh")
    assert taken(WINDOW, "alice", "fresh", tries=5) == 3


def test_a_closed_total_keeps_no_note_of_who_tries_from_where() -> None:
    """Else whoever tries on would fill the table."""
    taken(STRICT, "alice", tries=7)

    for network in range(5):
        with pytest.raises(TooManyAttempts):
            reserve_with_total(str(network))

    assert Counter.objects.count() == 1


def test_counters_are_deleted_that_nobody_touched_since(clock: TestClock) -> None:
    clock.stop()
    limits.reserve(WINDOW, "alice")
    clock.advance(HOUR)
    limits.reserve(WINDOW, "bob")

    assert limits.purge(now() + timedelta(seconds=1)) == 1
    assert taken(WINDOW, "bob", tries=5) == 2


# ── The one statement for the many, and the rest ──
LIMITS = [
    Limit(name="open", times=3, period=HOUR),
    Limit(name="open", times=3, period=HOUR, first_wait=timedelta(minutes=1)),
    Limit(name="open", times=3, period=HOUR, most_in_a_row=4),
]


@pytest.mark.parametrize("limit", LIMITS, ids=["window", "growing", "strict"])
@pytest.mark.parametrize("other", LIMITS, ids=["window", "growing", "strict"])
def test_one_statement_counts_as_one_try_after_the_other_would(limit: Limit, other: Limit, clock: TestClock) -> None:
    """In every state: a counter is made as if by _take(), or neither is touched."""
    clock.stop()
    total = replace(other, name="total")
    states = list(itertools.product((2, 3, 4), (0, 4), (-HOUR, HOUR), (None, -HOUR, HOUR)))

    for own_state, total_state in itertools.product(states, random.Random(7).sample(states, rounds(6))):
        before = [counter_in(state, key) for state, key in ((own_state, limit.key(1)), (total_state, total.key(1)))]
        after, refusing = tried_by_hand(before, (limit, total))
        Counter.objects.all().delete()
        Counter.objects.bulk_create(before)

        if refusing:
            with pytest.raises(TooManyAttempts) as refusal:
                limits.reserve(limit, 1, totals=[(total, (1,))])
            assert refusal.value.limit.name in refusing
        else:
            reservation = limits.reserve(limit, 1, totals=[(total, (1,))])
            assert list(reservation.in_a_row_by_key.values()) == [counter.in_a_row for counter in after]
        assert sorted(map(columns_of, Counter.objects.all())) == sorted(map(columns_of, after))


def counter_in(state: tuple[int, int, timedelta, timedelta | None], key: str) -> Counter:
    taken, in_a_row, ends_in, closed_for = state
    closed_until = None if closed_for is None else now() + closed_for
    return Counter(key=key, taken=taken, in_a_row=in_a_row, window_ends_at=now() + ends_in, closed_until=closed_until)


def tried_by_hand(before: list[Counter], both: tuple[Limit, ...]) -> tuple[list[Counter], list[str]]:
    """The counters after a try, and which limits refuse it."""
    after, refusing = [copy.copy(counter) for counter in before], []
    for counter, limit in zip(after, both, strict=True):
        try:
            limits._take(counter, limit, now())  # noqa: SLF001 - what is right is said there
        except TooManyAttempts:
            refusing.append(limit.name)
    return (before if refusing else after), refusing


def columns_of(counter: Counter) -> tuple[object, ...]:
    return counter.key, counter.taken, counter.in_a_row, counter.window_ends_at, counter.closed_until


# ── Parallel tries ──
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [WINDOW, GROWING, STRICT], ids=lambda limit: limit.name)
def test_of_parallel_tries_only_so_many_are_let_through(limit: Limit) -> None:
    allowed = min(limit.times, limit.most_in_a_row)

    let_through = race(threads(32, few=12), lambda _number: is_let_through(limit, "alice"))

    assert sum(let_through) == allowed


@pytest.mark.django_db(transaction=True)
def test_parallel_tries_from_many_networks_share_the_total() -> None:
    def try_from(number: int) -> bool:
        try:
            limits.reserve(WINDOW, "alice", number, totals=[(STRICT, ("alice",))])
        except TooManyAttempts:
            return False
        return True

    assert sum(race(threads(32, few=12), try_from)) == 7


@pytest.mark.django_db(transaction=True)
def test_tries_that_take_the_same_two_the_other_way_round_do_not_wait_for_each_other() -> None:
    wide, wider = (Limit(name=name, times=1000, period=HOUR) for name in ("wide", "wider"))

    def take_both(number: int) -> None:
        own, total = (wide, wider) if number % 2 else (wider, wide)
        for _ in range(5):
            limits.reserve(own, "alice", totals=[(total, ("alice",))])

    race(16, take_both)

    assert [counter.taken for counter in Counter.objects.all()] == [80, 80]


@pytest.mark.django_db(transaction=True)
def test_first_tries_do_not_wait_for_each_other() -> None:
    """One request makes a counter while another holds the total, and a third has seen neither."""
    many = Limit(name="many", times=1000, period=HOUR)

    for person in range(rounds(10)):
        race(16, lambda number: limits.reserve(many, person, number % 4, totals=[(many, (person,))]))  # noqa: B023

    assert sum(Counter.objects.values_list("taken", flat=True)) == rounds(10) * 16 * 2


@pytest.mark.django_db(transaction=True)
def test_tries_and_the_deletion_of_idle_counters_do_not_wait_for_each_other() -> None:
    many = Limit(name="many", times=1000, period=HOUR)
    idle = [Counter(key=many.key(number), window_ends_at=now() - HOUR) for number in range(60)]

    def take_or_purge(number: int) -> None:
        if number % 4 == 0:
            limits.purge(now())
        for first in range(0, 60, 2):
            limits.reserve(many, first, totals=[(many, (first + 1,))])

    for _ in range(5):
        Counter.objects.all().delete()
        Counter.objects.bulk_create(random.sample(idle, 60))
        race(16, take_or_purge)

    assert {counter.taken for counter in Counter.objects.all()} <= set(range(1, 17))


@pytest.mark.django_db(transaction=True)
def test_a_reservation_counts_although_the_request_fails() -> None:
    with pytest.raises(ZeroDivisionError):
        _fail_after(limits.reserve(WINDOW, "alice"))

    assert taken(WINDOW, "alice", tries=5) == 2


@pytest.mark.django_db(transaction=True)
def test_a_reservation_inside_a_transaction_is_refused() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        limits.reserve(WINDOW, "alice")


@transaction.atomic
def _fail_after(_reservation: limits.Reservation) -> None:
    raise ZeroDivisionError


# ── In a view ──
def answer_to(exception: Exception) -> HttpResponse | None:
    middleware = TooManyAttemptsMiddleware(lambda _request: HttpResponse())
    return middleware.process_exception(RequestFactory().get("/"), exception)


def test_a_view_that_runs_into_it_answers_429_with_the_time_to_wait() -> None:
    answer = answer_to(TooManyAttempts(WINDOW, timedelta(seconds=29.2)))

    assert answer is not None
    assert (answer.status_code, answer["Retry-After"]) == (429, "30")
    assert "30 seconds" in answer.content.decode()


@pytest.mark.parametrize("is_final", [False, True])
def test_a_new_password_is_offered_where_it_helps(is_final: bool) -> None:
    """Where codes were guessed it opens nothing, and its mail would only be one more way to be busy."""
    for limit in (PASSWORDS, replace(PASSWORDS, new_password_opens=False)):
        answer = answer_to(TooManyAttempts(limit, HOUR, is_final=is_final))

        assert answer is not None
        assert ("/password/forgot/" in answer.content.decode()) == limit.new_password_opens
        assert "/login/help/" in answer.content.decode()


def test_a_wait_is_never_zero() -> None:
    assert TooManyAttempts(WINDOW, timedelta(microseconds=1)).retry_after == 1


def test_other_exceptions_pass() -> None:
    assert answer_to(ValueError()) is None

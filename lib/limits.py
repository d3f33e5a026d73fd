"""The one limiter: a try is reserved before it is checked, so that a burst cannot slip past a count.

The reservation is committed on its own, before the check: whatever happens afterwards, it counts. A right answer gives
its reservations back.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lib import clock, crypto
from lib.models import Counter
from lib.prepared import PreparedSelect, PreparedUpdate
from lib.slots import Given

FOREVER = timedelta(days=36_500)
UNLIMITED = 2**31 - 1
PLACES = ("own", "total", "other_total")  # of the counters in a statement
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many tries in a period; then, if first_wait is set, one try after each of ever longer waits."""

    name: str
    times: int
    period: timedelta
    first_wait: timedelta | None = None
    longest_wait: timedelta = timedelta(hours=1)
    most_in_a_row: int = UNLIMITED  # after so many without a right answer, no more (NIST SP 800-63B-4 §3.2.2)
    new_password_opens: bool = False  # the page that says "wait" offers that, too
    new_sign_in_opens: bool = False  # or that

    @property
    def plain_times(self) -> int:
        """How many of them close nothing and start no wait."""
        return self.times if self.first_wait is None else self.times - 1

    def key(self, *subject: object) -> str:
        return crypto.keyed_digest("limit", self.name, *subject)

    def taken_back(self, in_a_row: int) -> int:
        """How many tries of a total a right answer frees: a wait forgets the wrong ones before it, a rate does not."""
        return 1 if self.first_wait is None else in_a_row


class TooManyAttempts(Exception):
    """No try is left for now. retry_after is in whole seconds; is_final says that waiting will not help."""

    def __init__(self, limit: Limit, retry_after: timedelta, *, is_final: bool = False) -> None:
        super().__init__(f"{limit.name} is closed for {retry_after}")
        self.limit = limit
        self.retry_after = max(1, math.ceil(retry_after.total_seconds()))
        self.is_final = is_final


@dataclass(frozen=True)
class Reservation:
    """One try taken from one or several limits, to be given back when the answer was right."""

    limits: dict[str, Limit]  # by key; the own counter's first
    in_a_row_by_key: dict[str, int]  # this try included

    @property
    def in_a_row(self) -> int:
        """Of the own counter."""
        return self.in_a_row_by_key[next(iter(self.limits))]

    def in_a_row_of(self, total: Limit, *subject: object) -> int:
        """Of a total; 0 where this try was not taken from it."""
        return self.in_a_row_by_key.get(total.key(*subject), 0)


def reserve(limit: Limit, *subject: object, totals: Sequence[tuple[Limit, tuple[object, ...]]] = ()) -> Reservation:
    """Take one try, or raise TooManyAttempts and take none. Call it outside any transaction.

    Totals are one or two counters over wider subjects, taken in the same step: all or none.
    """
    wanted = {limit.key(*subject): limit, **{total.key(*of): total for total, of in totals}}
    now = clock.now()
    if limit.first_wait is not None:  # closed for long, and tried by whoever guesses: that shall cost the least
        _take_all(_SEEN.rows(**_by_place(tuple(wanted))), wanted, now)
    while not (in_a_row := _count(wanted, now) or _take_each(wanted, now)):
        _make(wanted, now)
    return Reservation(wanted, {key: in_a_row[key] for key in wanted})


def require_open(limit: Limit, *subject: object) -> None:
    """Raise TooManyAttempts if no try is left, and take none."""
    wanted = {limit.key(*subject): limit}
    _take_all(_SEEN.rows(**_by_place(tuple(wanted))), wanted, clock.now())


@transaction.atomic(savepoint=False)
def give_back(reservation: Reservation) -> None:
    """After a right answer: the own counter starts anew, a total loses only what the own counter had put there.

    Of a rate it gets back the one try at hand: the others were other answers, and wrong.
    """
    in_a_row = reservation.in_a_row
    back: dict[str, int] = {}
    for place, limit in _by_place(tuple(reservation.limits.values())).items():
        taken = limit.taken_back(in_a_row)
        back |= {f"{place}_back": taken, f"{place}_opens": limit.times + taken}
    del back["own_back"], back["own_opens"]
    _GIVE_BACK.run(**_by_place(tuple(reservation.limits)), **back, in_a_row=in_a_row)


def forget(limit: Limit, *subject: object) -> None:
    """Open a limit again, for example after the password was reset."""
    Counter.objects.filter(key=limit.key(*subject)).delete()


@transaction.atomic
def purge(before: datetime) -> int:
    """Delete counters that nobody touched since then; returns how many. One that somebody takes just now is left."""
    idle = Counter.objects.select_for_update(skip_locked=True).filter(window_ends_at__lt=before)
    return Counter.objects.filter(pk__in=idle.values("pk")).delete()[0]


# Each of these locks counters in one statement, which does so in their order, and gives them back before the next one
# begins. In a second statement a counter could turn up that was made meanwhile and comes before those held: two
# requests could wait for each other.


@transaction.atomic(durable=True)
def _count(wanted: dict[str, Limit], now: datetime) -> dict[str, int]:
    """Raise all by one if they only go up by one, as nearly all do; how many in a row there are, by key. Else none."""
    bounds: dict[str, int] = {}
    for place, limit in _by_place(tuple(wanted.values())).items():
        bounds |= {f"{place}_times": limit.plain_times, f"{place}_in_a_row": limit.most_in_a_row}
    in_a_row: dict[str, int] = dict(_COUNT.returned(**_by_place(tuple(wanted)), **bounds, now=now))
    if len(in_a_row) == len(wanted):
        return in_a_row
    transaction.set_rollback(True)
    return {}


@transaction.atomic(durable=True)
def _take_each(wanted: dict[str, Limit], now: datetime) -> dict[str, int]:
    """The same for counters that are closed or closing, or whose window is over. None if one is still to be made."""
    counters = _LOCKED.rows(**_by_place(tuple(wanted)))
    _take_all(counters, wanted, now)
    if len(counters) < len(wanted):
        return {}
    for counter in counters:
        counter.save()
    return {counter.key: counter.in_a_row for counter in counters}


def _take_all(counters: list[Counter], wanted: dict[str, Limit], now: datetime) -> None:
    """In memory; raises TooManyAttempts if one is closed: the first, as they were named, so that all hear the same."""
    places = list(wanted)
    for counter in sorted(counters, key=lambda counter: places.index(counter.key)):
        _take(counter, wanted[counter.key], now)


def _make(wanted: dict[str, Limit], now: datetime) -> None:
    """Make the counters that are missing."""
    fresh = [Counter(key=key, window_ends_at=now + wanted[key].period) for key in sorted(wanted)]
    Counter.objects.bulk_create(fresh, ignore_conflicts=True)


def _take(counter: Counter, limit: Limit, now: datetime) -> None:
    if counter.in_a_row >= limit.most_in_a_row:
        raise TooManyAttempts(limit, limit.longest_wait, is_final=True)
    if counter.closed_until is not None and counter.closed_until > now:
        raise TooManyAttempts(limit, counter.closed_until - now)
    if counter.window_ends_at <= now:
        counter.taken, counter.window_ends_at, counter.closed_until = 0, now + limit.period, None
    if counter.taken >= limit.times and limit.first_wait is None:
        raise TooManyAttempts(limit, counter.window_ends_at - now)
    counter.taken += 1
    counter.in_a_row += 1
    if limit.first_wait is not None and counter.taken >= limit.times:
        doublings = min(counter.taken - limit.times, 30)
        counter.closed_until = now + min(limit.first_wait * 2**doublings, limit.longest_wait)
        counter.window_ends_at = now + limit.period


def _by_place(values: tuple[Value, ...]) -> dict[str, Value]:
    """One to three of them, by the names that the statements know; where there are fewer, the last one stands again."""
    return {place: values[min(number, len(values) - 1)] for number, place in enumerate(PLACES)}


def _seen(given: Given) -> QuerySet[Counter]:
    return Counter.objects.filter(key__in=[given.own, given.total, given.other_total]).order_by("key")


def _in_order(given: Given) -> QuerySet[Counter]:
    """Locked in the same order by all: else two requests could wait for each other."""
    return _seen(given).select_for_update()


def _is_open(given: Given, place: str) -> Q:
    """What _take() says of a counter that is open and stays so."""
    columns = {"key": place, "taken__lt": f"{place}_times", "in_a_row__lt": f"{place}_in_a_row"}
    return Q(**{column: getattr(given, name) for column, name in columns.items()})


_SEEN, _LOCKED = PreparedSelect(_seen), PreparedSelect(_in_order)
# Whoever waited for another request's lock has these columns looked at again: they stand beside the sub-query, which is
# not.
_COUNT = PreparedUpdate(
    lambda given: Counter.objects.filter(
        _is_open(given, "own") | _is_open(given, "total") | _is_open(given, "other_total"),
        pk__in=_in_order(given).values("pk"),
        closed_until=None,
        window_ends_at__gt=given.now,
    ),
    lambda _given: {"taken": F("taken") + 1, "in_a_row": F("in_a_row") + 1},
    returning=("key", "in_a_row"),
)
_GIVE_BACK = PreparedUpdate(
    lambda given: Counter.objects.filter(pk__in=_in_order(given).values("pk")),
    lambda given: {
        "taken": Case(
            When(key=given.own, then=0),
            When(key=given.total, then=Greatest(F("taken") - given.total_back, 0)),
            default=Greatest(F("taken") - given.other_total_back, 0),
        ),
        "in_a_row": Greatest(F("in_a_row") - given.in_a_row, 0),
        # A wait that this very try had begun is over; one of more wrong tries than are given back goes on.
        "closed_until": Case(
            When(key=given.own, then=None),
            When(key=given.total, taken__lt=given.total_opens, then=None),
            When(key=given.other_total, taken__lt=given.other_total_opens, then=None),
            default=F("closed_until"),
        ),
    },
)


class TooManyAttemptsMiddleware:
    """Answers TooManyAttempts with 429 and Retry-After, wherever it was raised."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, TooManyAttempts):
            return None
        response = render(request, "429.html", {"refusal": exception}, status=429)
        response["Retry-After"] = str(exception.retry_after)
        return response

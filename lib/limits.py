"""The one limiter: a try is reserved before it is checked, so that a burst cannot slip past a count.

The reservation is committed on its own, before the check: whatever happens afterwards, it counts. A right answer gives
its reservations back.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lib import clock, crypto
from lib.models import Counter
from lib.prepared import PreparedSelect, PreparedUpdate
from lib.slots import Given

FOREVER = timedelta(days=36_500)
UNLIMITED = 2**31 - 1


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

    @property
    def plain_times(self) -> int:
        """How many of them close nothing and start no wait."""
        return self.times if self.first_wait is None else self.times - 1

    def key(self, *subject: object) -> str:
        return crypto.keyed_digest("limit", self.name, *subject)


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

    keys: tuple[str, ...]
    in_a_row: int  # of the own counter, this try included
    in_all: int  # of the total, if there is one


def reserve(limit: Limit, *subject: object, total: Limit | None = None, total_subject: object = None) -> Reservation:
    """Take one try, or raise TooManyAttempts and take none. Call it outside any transaction.

    With total, a second counter over a wider subject is taken in the same step: both or none.
    """
    wanted = {limit.key(*subject): limit}
    if total is not None:
        wanted[total.key(total_subject)] = total
    now = clock.now()
    if limit.first_wait is not None:  # closed for long, and tried by whoever guesses: that shall cost the least
        _take_all(_SEEN.rows(**_own_and_total(tuple(wanted))), wanted, now)
    while not (in_a_row := _count(wanted, now) or _take_each(wanted, now)):
        _make(wanted, now)
    own_key, *total_key = wanted
    return Reservation(tuple(wanted), in_a_row[own_key], in_a_row[total_key[0]] if total_key else 0)


@transaction.atomic(savepoint=False)
def give_back(reservation: Reservation) -> None:
    """After a right answer: the own counter starts anew, a total loses only what the own counter had put there."""
    _GIVE_BACK.run(**_own_and_total(reservation.keys), in_a_row=reservation.in_a_row)


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
    own, *_, total = (*wanted.values(), *wanted.values())
    in_a_row = dict(
        _COUNT.returned(
            **_own_and_total(tuple(wanted)),
            now=now,
            own_times=own.plain_times,
            own_in_a_row=own.most_in_a_row,
            total_times=total.plain_times,
            total_in_a_row=total.most_in_a_row,
        )
    )
    if len(in_a_row) == len(wanted):
        return in_a_row
    transaction.set_rollback(True)
    return {}


@transaction.atomic(durable=True)
def _take_each(wanted: dict[str, Limit], now: datetime) -> dict[str, int]:
    """The same for counters that are closed or closing, or whose window is over. None if one is still to be made."""
    counters = _LOCKED.rows(**_own_and_total(tuple(wanted)))
    _take_all(counters, wanted, now)
    if len(counters) < len(wanted):
        return {}
    for counter in counters:
        counter.save()
    return {counter.key: counter.in_a_row for counter in counters}


def _take_all(counters: list[Counter], wanted: dict[str, Limit], now: datetime) -> None:
    """In memory; raises TooManyAttempts if one is closed."""
    for counter in counters:
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


def _own_and_total(keys: tuple[str, ...]) -> dict[str, str]:
    """One key or two, by name; one that stands alone is named twice."""
    return {"own": keys[0], "total": keys[-1]}


def _seen(given: Given) -> QuerySet[Counter]:
    return Counter.objects.filter(key__in=[given.own, given.total]).order_by("key")


def _in_order(given: Given) -> QuerySet[Counter]:
    """Locked in the same order by all: else two requests could wait for each other."""
    return _seen(given).select_for_update()


_SEEN, _LOCKED = PreparedSelect(_seen), PreparedSelect(_in_order)
# What _take() says of a counter that is open and stays so. Whoever waited for another request's lock has these columns
# looked at again: they stand beside the sub-query, which is not.
_COUNT = PreparedUpdate(
    lambda given: Counter.objects.filter(
        Q(key=given.own, taken__lt=given.own_times, in_a_row__lt=given.own_in_a_row)
        | Q(key=given.total, taken__lt=given.total_times, in_a_row__lt=given.total_in_a_row),
        pk__in=_in_order(given).values("pk"),
        closed_until=None,
        window_ends_at__gt=given.now,
    ),
    lambda _given: {"taken": F("taken") + 1, "in_a_row": F("in_a_row") + 1},
    returning=("key", "in_a_row"),
)
_GIVE_BACK = PreparedUpdate(
    lambda given: Counter.objects.filter(pk__in=_in_order(given).values("pk")),
    lambda given: {"taken": 0, "in_a_row": Greatest(F("in_a_row") - given.in_a_row, 0), "closed_until": None},
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

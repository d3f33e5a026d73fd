"""Prepared statements ask what the ORM would ask, each time anew, and refuse what would change the question."""

# ruff: noqa: SLF001 - the product's own statements are private to the modules that ask them

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Case, Exists, F, Q, Subquery, Value, When
from django.db.models.functions import Greatest
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext_lazy

from accounts.login import models as login_models
from accounts.login.models import LoginAttempt
from accounts.sessions import store
from accounts.sessions.models import Session
from accounts.user.models import User
from audit import chain
from audit.models import ChainHead, SecurityEvent
from lib import clock, limits, prepared
from lib.models import Counter
from lib.prepared import PreparedSelect, PreparedUpdate
from tests.bed.people import code_app
from tests.bed.race import race
from twofactor.devices.models import MethodChange
from twofactor.methods.totp.models import TOTPDevice
from twofactor.second_factor import Devices

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


def counter(key: str, **columns: Any) -> Counter:
    return Counter.objects.create(key=key, window_ends_at=columns.pop("window_ends_at", clock.now()), **columns)


def sql_of(ask: Callable[[], object]) -> str:
    """What reaches the database, without the brackets that an expression gets around it."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        ask()
    return asked[-1]["sql"].replace("(", "").replace(")", "")


# ── What is asked ──
SESSIONS = PreparedSelect(
    lambda given: Session.objects.live(given.now).filter(key_digest=given.digest).select_related("user")
)
ATTEMPTS = PreparedSelect(
    lambda given: (
        LoginAttempt.objects.pending(given.since)
        .filter(Q(ip=given.ip) | ~Q(pk=given.pk), pk__in=LoginAttempt.objects.filter(session_digest=given.digest))
        .select_related("user__audit_head")
        .order_by("-started_at")
    )
)


def test_it_is_the_sql_of_the_orm() -> None:
    now = clock.now()

    ours = sql_of(lambda: SESSIONS.rows(now=now, digest="x" * 64))
    theirs = sql_of(lambda: list(Session.objects.live(now).filter(key_digest="x" * 64).select_related("user")))

    assert ours == theirs


def test_it_is_the_sql_of_the_orm_in_alternatives_negations_and_subqueries() -> None:
    since = clock.now() - HOUR
    wanted = (
        LoginAttempt.objects.pending(since)
        .filter(Q(ip="203.0.113.7") | ~Q(pk=7), pk__in=LoginAttempt.objects.filter(session_digest="y"))
        .select_related("user__audit_head")
        .order_by("-started_at")
    )

    assert sql_of(lambda: ATTEMPTS.rows(since=since, ip="203.0.113.7", pk=7, digest="y")) == sql_of(
        lambda: list(wanted)
    )


def test_whether_there_is_one_is_the_sql_of_the_orm(alice: User) -> None:
    by_email = PreparedSelect(lambda given: User.objects.filter(email=given.email).order_by("name"))

    assert by_email.any(email=alice.email)
    assert not by_email.any(email="nobody@example.org")
    ours = sql_of(lambda: by_email.any(email=alice.email))
    assert ours == sql_of(lambda: User.objects.filter(email=alice.email).order_by("name").exists())
    with pytest.raises(TypeError):
        by_email.any()


def test_rows_are_whole_objects_with_what_they_are_joined_to(alice: User) -> None:
    attempt = LoginAttempt.objects.create(
        user=alice, session_digest="d", auth_generation=alice.auth_generation, next_url="/", ip="2001:db8::1"
    )

    found = ATTEMPTS.one(since=clock.now() - HOUR, ip="2001:db8::1", pk=0, digest="d")

    assert found == attempt
    with CaptureQueriesContext(connection) as asked:
        assert found is not None
        assert (found.user, found.started_at, found.ip) == (alice, attempt.started_at, "2001:db8::1")
        assert found.user.audit_head.user_id == alice.pk
    assert len(asked) == 0
    found.is_from_new_place = True
    found.save()
    assert LoginAttempt.objects.get().is_from_new_place


def test_an_object_that_is_not_there_to_join_is_none() -> None:
    visitor = Session.objects.create(
        key_digest="v", data="", idle=HOUR, idle_until=clock.now() + HOUR, expires_at=clock.now() + HOUR
    )

    assert (found := SESSIONS.one(now=clock.now(), digest="v")) == visitor
    assert found is not None
    assert found.user is None
    assert found.idle == HOUR


def test_each_run_has_its_own_values(alice: User, bob: User) -> None:
    by_email = PreparedSelect(lambda given: User.objects.filter(email=given.email))

    assert [by_email.one(email=user.email) for user in (alice, bob, alice)] == [alice, bob, alice]
    assert by_email.one(email="' OR 1=1 --") is None
    assert by_email.one(email="%s") is None


def test_several_rows_come_in_the_order_asked_for() -> None:
    for key in ("b", "c", "a"):
        counter(key)
    some = PreparedSelect(lambda given: Counter.objects.filter(key__in=[given.one, given.other]).order_by("key"))

    assert [row.key for row in some.rows(one="c", other="a")] == ["a", "c"]
    assert [row.key for row in some.rows(one="b", other="b")] == ["b"]


# ── The product's own ──
def test_they_ask_what_they_say(alice: User) -> None:
    """Beside the plain queries that they stand for."""
    now = clock.now()
    since = now - HOUR
    keys = {"own": "a", "total": "b", "other_total": "c"}
    in_order = Counter.objects.select_for_update().filter(key__in=["a", "b", "c"]).order_by("key")
    unfinished = LoginAttempt.objects.filter(pk=5, state="pending")
    pairs: list[tuple[Callable[[], object], Callable[[], object]]] = [
        (
            lambda: login_models._CLAIM.run(pk=5, user_id=alice.pk, since=since),
            lambda: unfinished.filter(
                auth_generation=User.objects.holding(alice.pk).values("auth_generation")[:1],
                pk__in=LoginAttempt.objects.pending(since),
            ).update(state="finished"),
        ),
        (
            lambda: store._write_if_as_loaded("key_digest", "data", has_new_key=False).run(
                pk=1, key_digest="k", data="x"
            ),
            lambda: Session.objects.filter(pk=1, ended_at=None, key_digest="k").update(key_digest="k", data="x"),
        ),
        (
            lambda: store._write_if_as_loaded("key_digest", "user_id", has_new_key=True).run(
                pk=1, key_digest="k", user_id=None
            ),
            lambda: Session.objects.filter(pk=1, ended_at=None).update(key_digest="k", user_id=None),
        ),
        (
            lambda: chain._MOVE.run(pk=1, known_hash="h", seq=3, hash="z"),
            lambda: ChainHead.objects.filter(pk=1, hash="h").update(seq=3, hash="z"),
        ),
        (lambda: limits._LOCKED.rows(**keys), lambda: list(in_order.all())),
        (
            lambda: limits._GIVE_BACK.run(**keys, in_a_row=3),
            lambda: Counter.objects.filter(pk__in=in_order.values("pk")).update(
                taken=Case(When(key="a", then=0), default=Greatest(F("taken") - 1, 0)),
                in_a_row=Greatest(F("in_a_row") - 3, 0),
                closed_until=Case(When(key="a", then=None), default=F("closed_until")),
            ),
        ),
        (
            lambda: Devices(TOTPDevice, user_id=alice.pk).lock("123456"),
            lambda: list(
                TOTPDevice.objects.select_for_update().filter(confirmed=True, user_id=alice.pk).order_by("pk")
            ),
        ),
    ]

    for ours, theirs in pairs:
        assert sql_of(ours) == sql_of(theirs)


def test_so_does_the_one_that_counts() -> None:
    """The ORM has no way to ask what an UPDATE has written."""
    now = clock.now()
    in_order = Counter.objects.select_for_update().filter(key__in=["a", "b", "c"]).order_by("key")
    has_room = (
        Q(key="a", taken__lt=2, in_a_row__lt=9)
        | Q(key="b", taken__lt=5, in_a_row__lt=7)
        | Q(key="c", taken__lt=4, in_a_row__lt=8)
    )
    open_ones = Counter.objects.filter(
        has_room, pk__in=in_order.values("pk"), closed_until=None, window_ends_at__gt=now
    )

    ours = sql_of(
        lambda: limits._COUNT.returned(
            own="a",
            own_times=2,
            own_in_a_row=9,
            total="b",
            total_times=5,
            total_in_a_row=7,
            other_total="c",
            other_total_times=4,
            other_total_in_a_row=8,
            now=now,
        )
    )

    theirs = sql_of(lambda: open_ones.update(taken=F("taken") + 1, in_a_row=F("in_a_row") + 1))
    assert ours == f'{theirs} RETURNING "key", "in_a_row"'


def test_so_do_whole_rows(alice: User) -> None:
    columns = {"user": alice, "slug": "x", "details": {"a": "1"}, "ip": "203.0.113.7", "created_at": clock.now()}

    ours = sql_of(lambda: prepared.insert(SecurityEvent(seq=91919191, **columns)))
    theirs = sql_of(lambda: SecurityEvent(seq=91919192, **columns).save(force_insert=True))

    assert ours.replace("91919191", "91919192") == theirs
    assert sql_of(lambda: prepared.update(alice)) == sql_of(alice.save)


def test_a_row_that_its_manager_leaves_out_is_not_written_back(alice: User) -> None:
    """A device that was removed since it was read would count again."""
    device = code_app(alice)
    change = MethodChange.objects.create(user=alice)
    TOTPDevice.everything.filter(pk=device.pk).update(removed_by=change)

    with pytest.raises(DatabaseError):
        prepared.update(device)

    assert TOTPDevice.everything.get(pk=device.pk).removed_by == change


# ── What is changed ──
def test_an_update_counts_the_rows_it_changed() -> None:
    for key, taken in (("a", 1), ("b", 5)):
        counter(key, taken=taken, in_a_row=3)
    ease = PreparedUpdate(
        lambda given: Counter.objects.filter(taken__lt=given.most),
        lambda given: {"in_a_row": Greatest(F("in_a_row") - given.less, 0), "closed_until": given.until, "taken": 9},
    )
    until = clock.now()

    assert ease.run(most=2, less=2, until=until) == 1
    assert ease.run(most=2, less=2, until=until) == 0
    assert list(Counter.objects.order_by("key").values_list("key", "taken", "in_a_row", "closed_until")) == [
        ("a", 9, 1, until),
        ("b", 5, 3, None),
    ]
    assert ease.run(most=100, less=50, until=None) == 2
    assert list(Counter.objects.order_by("key").values_list("in_a_row", "closed_until")) == [(0, None), (0, None)]


def test_an_update_returns_what_it_wrote() -> None:
    for key, taken in (("a", 1), ("b", 5)):
        counter(key, taken=taken)
    count = PreparedUpdate(
        lambda given: Counter.objects.filter(taken__lt=given.most),
        lambda _given: {"taken": F("taken") + 1},
        returning=("key", "taken"),
    )

    assert count.returned(most=9) in ([("a", 2), ("b", 6)], [("b", 6), ("a", 2)])
    assert count.returned(most=3) == [("a", 3)]
    assert count.returned(most=1) == []


def test_a_column_that_a_database_keeps_otherwise_is_not_returned() -> None:
    """SQLite has a moment as a text, and the ORM reads it as a moment."""
    count = PreparedUpdate(
        lambda given: Session.objects.filter(pk=given.pk), lambda _given: {"data": ""}, returning=("idle",)
    )

    if connection.vendor == "sqlite":
        with pytest.raises(TypeError, match="idle"):
            count.returned(pk=1)
    else:
        assert count.returned(pk=1) == []


def test_a_whole_row_is_stored(alice: User) -> None:
    device = code_app(alice, name="Phone")
    device.name, device.last_step, device.last_used_at = "Téléphone 📱", 5, clock.now()

    prepared.update(device)

    stored = TOTPDevice.objects.get(pk=device.pk)
    assert {f.attname: getattr(stored, f.attname) for f in TOTPDevice._meta.concrete_fields} == {
        f.attname: getattr(device, f.attname) for f in TOTPDevice._meta.concrete_fields
    }


def test_a_new_row_gets_its_key(alice: User) -> None:
    event = SecurityEvent(user=alice, seq=77, slug="x", details={"a": "ü", "b": "'"}, ip="203.0.113.7", actor_id=None)

    prepared.insert(event)

    stored = SecurityEvent.objects.get(seq=77)
    assert stored == event
    assert (stored.details, stored.created_at, stored.actor_id) == (event.details, event.created_at, None)
    event.slug = "y"
    event.save()
    assert SecurityEvent.objects.get(seq=77).slug == "y"


def test_after_an_error_the_transaction_can_only_be_rolled_back(alice: User) -> None:
    twice = {"user": alice, "seq": 78, "slug": "x", "ip": "203.0.113.7"}
    prepared.insert(SecurityEvent(**twice))

    with transaction.atomic():
        with pytest.raises(IntegrityError):
            prepared.insert(SecurityEvent(**twice))
        with pytest.raises(transaction.TransactionManagementError):
            Counter.objects.count()
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_in_a_transaction_only() -> None:
    locked = PreparedSelect(lambda given: Counter.objects.select_for_update().filter(key=given.key))
    counter("k")

    with transaction.atomic():
        assert locked.one(key="k") is not None
    if connection.features.has_select_for_update:
        with pytest.raises(transaction.TransactionManagementError):
            locked.one(key="k")


@pytest.mark.django_db(transaction=True)
def test_many_threads_run_one_statement_each_with_its_values() -> None:
    for number in range(8):
        counter(f"k{number}", taken=number)
    by_key = PreparedSelect(lambda given: Counter.objects.filter(key=given.key))
    more = PreparedUpdate(
        lambda given: Counter.objects.filter(key=given.key), lambda given: {"taken": F("taken") + given.by}
    )

    def turn(number: int) -> int:
        for _ in range(5):
            more.run(key=f"k{number}", by=number)
        found = by_key.one(key=f"k{number}")
        return found.taken if found else -1

    assert race(8, turn) == [number * 6 for number in range(8)]


# ── What is refused ──
def test_a_value_that_is_missing_or_too_many_is_refused() -> None:
    by_key = PreparedSelect(lambda given: Counter.objects.filter(key=given.key))
    counter("k")

    for given in ({}, {"kye": "k"}, {"key": "k", "taken": 0}):
        with pytest.raises(TypeError):
            by_key.rows(**given)


def test_nothing_is_compared_with_none() -> None:
    """The ORM would make IS NULL of it; here it would be = NULL, which is never true, also where it must be."""
    by_end = PreparedSelect(lambda given: Counter.objects.exclude(closed_until=given.until))

    with pytest.raises(TypeError):
        by_end.rows(until=None)


MOMENTS: list[Callable[[Any], QuerySet[Any]]] = [
    lambda _given: Session.objects.live(clock.now()),
    lambda _given: Session.objects.filter(Q(user=None) | ~Q(expires_at__lt=clock.now())),
    lambda _given: Session.objects.filter(user__in=User.objects.filter(locked_at__gt=clock.now())),
    lambda _given: Session.objects.filter(
        user__in=Subquery(User.objects.filter(locked_at__gt=clock.now()).values("pk"))
    ),
    lambda _given: Session.objects.filter(Exists(User.objects.filter(locked_at__gt=clock.now()))),
    lambda _given: Session.objects.filter(expires_at__gt=Value(clock.now())),
    lambda _given: Session.objects.filter(expires_at__gt=clock.now() - F("idle")),
    lambda _given: User.objects.exclude(sessions__expires_at__gt=clock.now()),
]


@pytest.mark.parametrize("build", MOMENTS)
def test_a_moment_does_not_stay_that_of_the_first_run(build: Callable[[Any], QuerySet[Any]]) -> None:
    with pytest.raises(TypeError):
        PreparedSelect(build).rows()


@pytest.mark.parametrize("moment", [clock.now, lambda: Greatest(F("expires_at"), clock.now())])
def test_neither_does_one_that_is_stored(moment: Callable[[], object]) -> None:
    end = PreparedUpdate(lambda given: Session.objects.filter(pk=given.pk), lambda _given: {"ended_at": moment()})

    with pytest.raises(TypeError, match="same"):
        end.run(pk=1)


def test_the_first_reader_s_time_zone_does_not_stay() -> None:
    """created_at__date is a day in the zone of whoever asks: it is other SQL for each of them."""
    of_day = PreparedSelect(lambda given: SecurityEvent.objects.filter(created_at__date=given.day))

    with pytest.raises(TypeError, match="same"):
        of_day.rows(day=clock.now().date())


def test_the_first_reader_s_language_does_not_stay() -> None:
    month = PreparedSelect(lambda _given: Counter.objects.filter(key=str(gettext_lazy("January"))))

    with pytest.raises(TypeError, match="same"):
        month.rows()


REFUSED: list[Callable[[Any], QuerySet[Any]]] = [
    lambda given: Counter.objects.order_by(F("taken") + given.x),  # no column shows what it is
    lambda given: Counter.objects.exclude(key__in=given.x),  # one value, where a list is meant
    lambda given: Counter.objects.filter(key="k").using("replica").filter(key=given.x),
    lambda given: Counter.objects.filter(key=given.x).annotate(more=F("taken") + 1),
    lambda given: Counter.objects.filter(key=given.x).only("key"),
    lambda given: Counter.objects.filter(key=given.x).values("key"),
    lambda given: Counter.objects.filter(key=given.x).union(Counter.objects.filter(key=given.x)),
    lambda given: User.objects.filter(email=given.x).prefetch_related("sessions"),
]


@pytest.mark.parametrize("build", REFUSED)
def test_what_would_be_lost_is_refused(build: Callable[[Any], QuerySet[Any]]) -> None:
    with pytest.raises(TypeError):
        PreparedSelect(build).rows(x="k")


def test_a_value_that_a_database_leaves_out_is_missed() -> None:
    """SQLite's LIKE is made of the value's text, when the statement is built."""
    alike = PreparedSelect(lambda given: Counter.objects.exclude(key__iexact=given.key))
    counter("k")

    if connection.vendor == "sqlite":
        with pytest.raises(TypeError, match="did not get into"):
            alike.rows(key="K")
    else:
        assert alike.rows(key="K") == []


def test_an_update_is_of_all_rows() -> None:
    first = PreparedUpdate(lambda given: Counter.objects.filter(taken__lt=given.most)[:1], lambda _given: {"taken": 9})

    with pytest.raises(TypeError, match="LIMIT"):
        first.run(most=5)


def test_a_row_that_is_gone_is_not_updated_in_silence(alice: User) -> None:
    device = code_app(alice)
    TOTPDevice.objects.all().delete()

    with pytest.raises(DatabaseError, match="any more"):
        prepared.update(device)


def test_a_row_knows_whom_it_refers_to_when_it_is_stored() -> None:
    nobody_yet = User(email="new@alpina.example")

    with pytest.raises(ValueError, match="unsaved related object"):
        prepared.insert(SecurityEvent(user=nobody_yet, seq=1, slug="x", ip="203.0.113.7"))


def test_values_are_checked_as_the_orm_would() -> None:
    by_number = PreparedSelect(lambda given: Counter.objects.filter(pk=given.pk))

    with pytest.raises(ValueError, match="expected a number"):
        by_number.rows(pk="1 OR 1=1")


def test_an_error_of_the_database_is_djangos() -> None:
    by_key = PreparedSelect(lambda given: Counter.objects.filter(key=given.key))

    with pytest.raises((DatabaseError, ValueError)), transaction.atomic():
        by_key.rows(key="\x00" if connection.vendor == "postgresql" else "\ud800")

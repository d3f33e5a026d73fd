"""Prepared statements ask what the ORM would ask, each time anew, and refuse what would change the question."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.test.utils import CaptureQueriesContext

from accounts.login.models import LoginAttempt
from accounts.sessions.models import Session
from accounts.user.models import User
from audit.models import SecurityEvent
from lib import clock, prepared
from lib.models import Counter
from lib.prepared import PreparedSelect, PreparedUpdate
from tests.bed.people import code_app
from tests.bed.race import race
from twofactor.methods.totp.models import TOTPDevice

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


def test_rows_are_whole_objects_with_what_they_are_joined_to(alice: User) -> None:
    attempt = LoginAttempt.objects.create(
        user=alice, session_digest="d", auth_generation=alice.auth_generation, next_url="/", ip="2001:db8::1"
    )

    found = ATTEMPTS.only(since=clock.now() - HOUR, ip="2001:db8::1", pk=0, digest="d")

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

    assert (found := SESSIONS.only(now=clock.now(), digest="v")) == visitor
    assert found is not None
    assert found.user is None
    assert found.idle == HOUR


def test_each_run_has_its_own_values(alice: User, bob: User) -> None:
    by_email = PreparedSelect(lambda given: User.objects.filter(email=given.email))

    assert [by_email.only(email=user.email) for user in (alice, bob, alice)] == [alice, bob, alice]
    assert by_email.only(email="' OR 1=1 --") is None
    assert by_email.only(email="%s") is None


def test_several_rows_come_in_the_order_asked_for() -> None:
    for key in ("b", "c", "a"):
        counter(key)
    some = PreparedSelect(lambda given: Counter.objects.filter(key__in=[given.one, given.other]).order_by("key"))

    assert [row.key for row in some.rows(one="c", other="a")] == ["a", "c"]
    assert [row.key for row in some.rows(one="b", other="b")] == ["b"]


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
        assert locked.only(key="k") is not None
    if connection.features.has_select_for_update:
        with pytest.raises(transaction.TransactionManagementError):
            locked.only(key="k")


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
        found = by_key.only(key=f"k{number}")
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


@pytest.mark.parametrize(
    "build",
    [
        lambda _given: Session.objects.live(clock.now()),
        lambda _given: Session.objects.filter(Q(user=None) | ~Q(expires_at__lt=clock.now())),
        lambda _given: Session.objects.filter(user__in=User.objects.filter(locked_at__gt=clock.now())),
    ],
)
def test_a_moment_does_not_stay_that_of_the_first_run(build: Callable[[Any], QuerySet[Session]]) -> None:
    with pytest.raises(TypeError, match="for ever"):
        PreparedSelect(build).rows()


def test_neither_does_one_that_is_stored() -> None:
    end = PreparedUpdate(lambda given: Session.objects.filter(pk=given.pk), lambda _given: {"ended_at": clock.now()})

    with pytest.raises(TypeError, match="for ever"):
        end.run(pk=1)


def test_a_value_that_no_column_explains_is_refused() -> None:
    strange = PreparedSelect(lambda given: Counter.objects.annotate(more=F("taken") + given.more).filter(more__gt=1))

    with pytest.raises(TypeError, match=r"given\.more"):
        strange.rows(more=1)


def test_values_are_checked_as_the_orm_would() -> None:
    by_number = PreparedSelect(lambda given: Counter.objects.filter(pk=given.pk))

    with pytest.raises(ValueError, match="expected a number"):
        by_number.rows(pk="1 OR 1=1")


def test_an_error_of_the_database_is_djangos() -> None:
    by_key = PreparedSelect(lambda given: Counter.objects.filter(key=given.key))

    with pytest.raises((DatabaseError, ValueError)), transaction.atomic():
        by_key.rows(key="\x00" if connection.vendor == "postgresql" else "\ud800")

"""Events are kept for twelve months; forgetting them breaks no chain and hides no tampering."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models import F

from audit.models import ChainHead, SecurityEvent
from audit.tasks import purge_events
from audit.verify import Verification
from tests.audit.tampering import change, live_a_little, rows_of

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=365)


def test_old_events_go_and_the_chain_holds(alice: User, bob: User, clock: TestClock) -> None:
    live_a_little(alice, 5)
    live_a_little(bob, 5)
    clock.advance(timedelta(days=200))
    live_a_little(alice, 5)
    clock.advance(timedelta(days=200))

    purge_events()

    assert [event.seq for event in rows_of(alice)] == [6, 7, 8, 9, 10]
    assert not rows_of(bob)
    assert not list(Verification())


def test_a_chain_goes_on_after_all_of_it_is_gone(alice: User, clock: TestClock) -> None:
    live_a_little(alice, 5)
    clock.advance(YEAR + timedelta(days=1))
    purge_events()
    alice.refresh_from_db()

    live_a_little(alice, 1)
    purge_events()

    assert [event.seq for event in rows_of(alice)] == [6]
    assert not list(Verification())


def test_nothing_young_goes(alice: User, clock: TestClock) -> None:
    live_a_little(alice, 5)
    clock.advance(YEAR - timedelta(days=1))

    purge_events()

    assert len(rows_of(alice)) == 5


def test_addresses_and_browsers_of_a_year_ago_are_gone(alice: User, clock: TestClock) -> None:
    live_a_little(alice, 5)
    clock.advance(YEAR + timedelta(days=1))

    purge_events()

    assert not SecurityEvent.objects.exists()
    left = ChainHead.objects.values().get()
    assert set(left) - {"user_id", "seq", "hash", "base_seq", "base_hash", "seal"} == {"closed_at", "checkpoint_seq"}


def test_events_that_somebody_made_old_are_not_deleted_for_him(alice: User) -> None:
    live_a_little(alice, 5)
    SecurityEvent.objects.filter(user=alice, seq__lte=3).update(created_at=F("created_at") - 2 * YEAR)

    purge_events()

    assert len(rows_of(alice)) == 5
    assert [(fault.user_id, fault.seq) for fault in Verification()] == [(alice.pk, 1)]


def test_a_beginning_that_somebody_moved_is_not_sealed(alice: User, clock: TestClock) -> None:
    live_a_little(alice, 5)
    clock.advance(YEAR + timedelta(days=1))
    first = rows_of(alice)[0]
    first.delete()
    ChainHead.objects.filter(user=alice).update(base_seq=first.seq, base_hash=first.hash)

    purge_events()

    assert len(rows_of(alice)) == 4
    assert [(fault.user_id, fault.seq) for fault in Verification()] == [(alice.pk, 2)]


def test_one_broken_chain_does_not_keep_the_others(alice: User, bob: User, clock: TestClock) -> None:
    live_a_little(alice, 2)
    live_a_little(bob, 2)
    change(rows_of(alice)[0], slug="signed_out")
    clock.advance(YEAR + timedelta(days=1))

    purge_events()

    assert len(rows_of(alice)) == 2
    assert not rows_of(bob)

"""manage.py audit_verify finds whatever was done to the record."""

from __future__ import annotations

import io
import time
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from audit.models import ChainHead, SecurityEvent
from audit.verify import Verification
from tests.audit import tampering
from tests.audit.tampering import TAMPERINGS, live_a_little, rows_of
from tests.conftest import person

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.evidence import Evidence

pytestmark = pytest.mark.django_db
EACH = 12


@pytest.fixture
def people(alice: User, bob: User, charlie: User) -> list[User]:
    """Three whose lives mix."""
    for _ in range(EACH // 4):
        for user in (alice, bob, charlie):
            live_a_little(user, 4)
    return [alice, bob, charlie]


def verify(*options: str) -> tuple[int, str]:
    """The command's exit code, and all that it says."""
    said = io.StringIO()
    try:
        call_command("audit_verify", *options, stdout=said, stderr=said)
    except CommandError as failure:
        return failure.returncode, f"{said.getvalue()}{failure}"
    return 0, said.getvalue()


def is_found(tamper: Any, random: Random, people: list[User]) -> bool:
    """Whether the command names the account it was done to; the database is as before afterwards."""
    user, other = random.sample(people, 2)
    before = list(SecurityEvent.objects.order_by("pk").values()), list(ChainHead.objects.order_by("pk").values())
    with transaction.atomic():
        tamper(random, user, other)
        after = list(SecurityEvent.objects.order_by("pk").values()), list(ChainHead.objects.order_by("pk").values())
        assert before != after, f"{tamper.__name__} did nothing"
        found = user.pk in {fault.user_id for fault in Verification()}
        transaction.set_rollback(True)
    return found


def test_untouched_chains_hold(people: list[User]) -> None:
    code, said = verify()

    assert code == 0
    assert f"{len(people) * EACH} events in {len(people)} chains" in said


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_tampering_is_found(people: list[User], tamper: Any) -> None:
    random = Random(tamper.__name__)

    assert all(is_found(tamper, random, people) for _ in range(3))
    assert not list(Verification())


@pytest.mark.prove
def test_two_hundred_random_tamperings_are_found(people: list[User], evidence: Evidence) -> None:
    random = Random(2026)
    tried = [(random.choice(TAMPERINGS), Random(number)) for number in range(200)]

    missed = [tamper.__name__ for tamper, chance in tried if not is_found(tamper, chance, people)]

    evidence(
        "Audit: tamperings not found", len(tried), len(missed), f"{len(TAMPERINGS)} ways, at random {missed or ''}"
    )


def test_it_names_the_first_bad_event_of_each_account(people: list[User]) -> None:
    alice, bob, charlie = people
    tampering.change(rows_of(alice)[4], ip="198.51.100.1")
    tampering.change(rows_of(alice)[8], ip="198.51.100.1")
    rows_of(bob)[2].delete()
    tampering.cut_end(Random(1), charlie, alice)
    left = len(rows_of(charlie))

    code, said = verify()

    assert code == 1
    assert f"account {alice.pk}, event 5: was changed, put in or moved\n" in said
    assert f"account {bob.pk}, event 3: is missing\n" in said
    assert f"account {charlie.pk}, event {left + 1}: is missing, and what came after it\n" in said
    assert said.count("account ") == 3
    assert "3 broken" in said


def test_a_chain_that_somebody_wrote_without_the_keys_is_found(people: list[User]) -> None:
    """An event of an account that the portal gave no place: put in by hand."""
    SecurityEvent.objects.create(user=people[0], slug="signed_in", ip="198.51.100.1")

    assert [fault.user_id for fault in Verification()] == [people[0].pk]


def test_a_table_that_was_emptied_is_found(people: list[User]) -> None:
    SecurityEvent.objects.all().delete()

    assert {fault.user_id for fault in Verification()} == {user.pk for user in people}


@pytest.mark.prove
def test_it_reads_twenty_thousand_events_a_second(evidence: Evidence) -> None:
    users = [person(f"p{number}", "many.example") for number in range(20)]
    for user in users:
        live_a_little(user, 1000)

    rates = []
    for _ in range(3):
        verification, began = Verification(), time.process_time()
        assert not list(verification)
        rates.append(verification.events / (time.process_time() - began))

    best = max(rates)
    evidence(
        "Audit: events verified",
        20_000,
        0 if best >= 20_000 else 1,
        f"{best:,.0f} a second of one core (target 20,000)",
    )

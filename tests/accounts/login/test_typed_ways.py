"""What a person could mean is taken, and what means something else is not: 500 of each kind with make prove."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client

from accounts.user.models import User
from lib.models import Counter
from tests.bed import typed_ways
from tests.bed.people import PASSWORD, code_app, totp_code
from twofactor.models import BackupCode, BackupCodes, TOTPDevice

if TYPE_CHECKING:
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
SEED = 20261201
ADDRESS = "helene@bücher.example"
ACCENTED = "Señor Müller trägt den Käse über"
SAMPLE, WHOLE = 40, 500
counts = pytest.mark.parametrize("how_many", [SAMPLE, pytest.param(WHOLE, marks=pytest.mark.prove)])


@pytest.fixture
def person(clock: TestClock) -> User:
    clock.stop()
    return User.objects.create_user(email=ADDRESS, password=ACCENTED, name="Hélène", country="CH")


def is_let_on(login: str, password: str) -> bool:
    """By the front door; what a wrong one before has used up is put back."""
    Counter.objects.all().delete()
    return Client().post("/login/", {"login": login, "password": password}).status_code == 302


def is_let_in(method: str, typed: str) -> bool:
    """Whether an answer typed on that method's page signs in; each is asked of the same devices, nothing spent yet."""
    TOTPDevice.objects.update(last_step=-1)
    BackupCode.objects.update(used_at=None)
    browser = Client()
    assert browser.post("/login/", {"login": ADDRESS, "password": ACCENTED})["Location"] == "/login/verify/"
    Counter.objects.all().delete()
    answer = browser.post(f"/login/verify/{method}/", {"code": typed})
    assert answer.status_code in {302, 422}, (typed, answer.status_code)
    return answer.status_code == 302


@pytest.fixture
def device(person: User) -> TOTPDevice:
    return code_app(person)


@pytest.fixture
def sheet(device: TOTPDevice) -> str:
    with transaction.atomic():
        BackupCodes.make_for(device.user)
    assert BackupCode.objects.count() == 10
    code: str = BackupCodes.objects.get().plain[3]
    return code


@counts
def test_codes(how_many: int, device: TOTPDevice) -> None:
    chance, right = Random(SEED), totp_code(device)

    refused = [t for t in (typed_ways.code(right, chance) for _ in range(how_many)) if not is_let_in("totp", t)]
    taken = [t for t in (typed_ways.other_code(right, chance) for _ in range(how_many)) if is_let_in("totp", t)]

    assert (refused, taken) == ([], [])


@counts
@pytest.mark.parametrize("field", ["backup-codes", "totp"])
def test_backup_codes(how_many: int, field: str, sheet: str) -> None:
    chance = Random(SEED)

    refused = [t for t in (typed_ways.backup_code(sheet, chance) for _ in range(how_many)) if not is_let_in(field, t)]
    taken = [t for t in (typed_ways.other_backup_code(sheet, chance) for _ in range(how_many)) if is_let_in(field, t)]

    assert (refused, taken) == ([], [])


@counts
@pytest.mark.usefixtures("person")
def test_passwords(how_many: int) -> None:
    chance = Random(SEED)

    refused = [t for t in (typed_ways.password(ACCENTED, chance) for _ in range(how_many)) if not is_let_on(ADDRESS, t)]
    taken = [t for t in (typed_ways.other_password(ACCENTED, chance) for _ in range(how_many)) if is_let_on(ADDRESS, t)]

    assert (refused, taken) == ([], [])


@counts
@pytest.mark.usefixtures("person")
def test_addresses(how_many: int) -> None:
    chance = Random(SEED)

    refused = [t for t in (typed_ways.address(ADDRESS, chance) for _ in range(how_many)) if not is_let_on(t, ACCENTED)]
    taken = [t for t in (typed_ways.other_address(ADDRESS, chance) for _ in range(how_many)) if is_let_on(t, ACCENTED)]

    assert (refused, taken) == ([], [])
    assert not is_let_on(ADDRESS, PASSWORD)

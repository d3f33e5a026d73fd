"""Whatever happens in whatever order: taking a change back never leaves less than there was before it."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.sudo.actions import OwnSudo
from accounts.user.models import Protection, User
from lib.origin import NOWHERE
from tests.bed.people import code_app, security_key, sign_in
from twofactor.devices import actions
from twofactor.devices.owned import kinds, protection_of
from twofactor.devices.rollback import Disowned
from twofactor.housekeeping import purge
from twofactor.models import BackupCodes, Enrolment, MethodChange, TOTPDevice, WebAuthnDevice
from twofactor.timed_codes import new_secret

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from tests.bed.clock import TestClock
    from twofactor.second_factor import SecondFactor

pytestmark = pytest.mark.django_db
STEPS = 20


class Walk:
    """One account, and what was there before each change of it."""

    def __init__(self, user: User, seed: int, clock: TestClock) -> None:
        self.user, self.random, self.clock = user, Random(seed), clock
        browser = Client()
        sign_in(browser, user)
        self.request: SignedInRequest = browser.get("/2fa/").wsgi_request
        self.by = OwnSudo(user.pk)
        self.before: dict[int, Protection] = {}

    def step(self) -> None:
        had, changes = protection_of(self.user), set(MethodChange.objects.values_list("pk", flat=True))
        self.random.choice((self.add, self.add, self.remove, self.remove, self.renew, self.turn_off, self.wait))()
        self.note(had, changes)
        if self.random.random() < 0.4:
            self.take_back()
        self.check()

    def note(self, had: Protection, changes: set[int]) -> None:
        for change in MethodChange.objects.exclude(pk__in=changes):
            self.before[change.pk] = had

    def add(self) -> None:
        device = TOTPDevice(user=self.user, name="App")
        device.secret = new_secret()
        try:
            actions.add(device, by=self.by, request=self.request)
        except actions.TooManyDevices:
            assert self.there(TOTPDevice) + TOTPDevice.everything.exclude(returns_by=None).count() == TOTPDevice.most

    def remove(self) -> None:
        present: list[SecondFactor] = [*TOTPDevice.objects.all(), *WebAuthnDevice.objects.all()]
        if present:
            device, is_lost = self.random.choice(present), self.random.random() < 0.5
            actions.remove(device, by=self.by, request=self.request, is_lost=is_lost)

    def renew(self) -> None:
        if self.there(BackupCodes):
            is_lost = self.random.random() < 0.5
            actions.renew_backup(BackupCodes, by=self.by, request=self.request, is_lost=is_lost)

    def turn_off(self) -> None:
        if self.random.random() < 0.3:
            actions.turn_off(self.user, by=self.by, request=self.request)

    def wait(self) -> None:
        self.clock.advance(timedelta(hours=self.random.choice((1, 13, 25, 60))))
        actions.bring_back_due()
        purge()

    def take_back(self) -> None:
        changes = list(MethodChange.objects.open().order_by("pk"))
        change = self.random.choice(changes) if changes else None
        had, known = protection_of(self.user), set(MethodChange.objects.values_list("pk", flat=True))
        if change and actions.put_back(by=Disowned(self.user.pk, change.pk), origin=NOWHERE):
            assert protection_of(self.user) >= self.before[change.pk]
        self.note(had, known)

    def check(self) -> None:
        user = User.objects.get(pk=self.user.pk)
        assert user.protection == protection_of(user)
        assert (user.method_returns_at is not None) == any(
            kind.everything.exclude(returns_by=None).exists() for kind in kinds()
        )
        assert self.there(TOTPDevice) <= TOTPDevice.most
        assert self.there(BackupCodes) <= 1

    def there(self, kind: type[SecondFactor]) -> int:
        return kind.objects.filter(user=self.user).count()


@pytest.mark.parametrize("seed", range(4))
def test_it_never_leaves_less_than_there_was(seed: int, alice: User, clock: TestClock) -> None:
    code_app(alice)
    security_key(alice)
    walk = Walk(alice, seed, clock)

    for _step in range(STEPS):
        walk.step()

    assert MethodChange.objects.filter(kind="put_back").exists()
    assert Enrolment.objects.count() <= STEPS
    call_command("audit_verify")

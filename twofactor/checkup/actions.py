"""When the question is due, and what becomes of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from audit import events
from audit.actions import record
from lib import clock
from twofactor import registry
from twofactor.checkup.models import CheckUp

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from accounts.user.models import User
    from twofactor.second_factor import SecondFactor

AFTER = timedelta(days=28)
TOMORROW = timedelta(days=1)
SESSION_KEY = "check_up"


def is_due(user: User) -> bool:
    """28 days after a method was last used, or was added; never again once it was passed."""
    if not user.protection:
        return False
    row = CheckUp.objects.filter(user=user).first()
    if row is not None and (row.passed_at or (row.not_before and row.not_before > clock.now())):
        return False
    moments = list(_proofs_of(user))
    return bool(moments) and clock.now() - max(moments) >= AFTER


def start(request: SignedInRequest) -> None:
    """From now on a right answer on the page that confirms is the test."""
    request.session[SESSION_KEY] = True


def note_answer(request: SignedInRequest, device: SecondFactor) -> None:
    """After a right answer, in its transaction. A backup code says nothing of the method that it stands in for."""
    if not request.session.pop(SESSION_KEY, False) or device.is_backup:
        return
    CheckUp.objects.update_or_create(user=request.user, defaults={"passed_at": clock.now()})
    record(events.CHECK_UP_PASSED, user=request.user, origin=request.origin, method=device.method_slug)


@transaction.atomic
def ask_tomorrow(user: User) -> None:
    CheckUp.objects.update_or_create(user=user, defaults={"not_before": clock.now() + TOMORROW})


def _proofs_of(user: User) -> list[datetime]:
    """When each of the person's methods last showed that it works."""
    methods = [method for method in registry.METHODS if not method.is_backup]
    columns = [row for m in methods for row in m.devices_of(user).values_list("last_used_at", "created_at")]
    return [last_used or created for last_used, created in columns]

"""When the question is due, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from audit import events
from audit.actions import record
from lib import clock
from twofactor.checkup.models import CheckUp

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from accounts.user.models import User
    from twofactor.method import Method
    from twofactor.second_factor import SecondFactor

AFTER = timedelta(days=28)
TOMORROW = timedelta(days=1)
SESSION_KEY = "check_up"


def is_due(user: User, rows: list[tuple[Method, list[SecondFactor]]]) -> bool:
    """28 days after a method was last used, or was added; never again once it was passed.

    Takes the devices that the page shows anyway, and asks for more only when they are old enough.
    """
    proofs = [one.last_used_at or one.created_at for method, found in rows if not method.is_backup for one in found]
    if not proofs or clock.now() - max(proofs) < AFTER:
        return False
    row = CheckUp.objects.filter(user=user).first()
    return row is None or not (row.passed_at or (row.not_before and row.not_before > clock.now()))


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

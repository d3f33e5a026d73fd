"""Telling of a first second factor, and asking by mail before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.db import transaction

from audit import events
from audit.actions import record
from lib import clock
from messaging.actions import queue
from twofactor.enrolment.models import CHECK_LIFETIME, UNDO_LIFETIME, EmailCheck, Enrolment
from twofactor.enrolment.proof import awaited

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from accounts.sessions.models import Session
    from accounts.user.models import User
    from audit.models import SecurityEvent
    from lib.origin import Origin
    from twofactor.second_factor import SecondFactor


@transaction.atomic
def note_first(device: SecondFactor, *, user: User, origin: Origin) -> tuple[SecurityEvent, Enrolment]:
    """Record that two-step verification is on, and send the link that undoes it.

    Also to an address that can still take the account back: whoever has changed it lately may be the thief.
    """
    enrolment = Enrolment.objects.create(user=user, network_digest=origin.network_digest)
    event = record(events.METHODS_ON, user=user, origin=origin, method=device.method_slug, name=device.name)
    details: dict[str, int | str] = {"enrolment": enrolment.pk, "event": event.pk}
    for to in user.recipients:
        queue("first_method", to=to, user=user, details=details, expires_in=UNDO_LIFETIME)
    return event, enrolment


@transaction.atomic
def ask_by_email(request: SignedInRequest, *, next_url: str) -> None:
    """Send the links that let this session add a first method. Older ones work for their 15 minutes too.

    One to each address that can take the account back: the present one may be a thief's, and minutes old.
    """
    user, session = request.user, cast("Session", request.session.row)
    checks = [
        EmailCheck(user=user, email=email, session=session, auth_generation=user.auth_generation, next_url=next_url)
        for email in awaited(request)
    ]
    EmailCheck.objects.bulk_create(checks)
    event = record(events.FIRST_METHOD_ASKED, user=user, origin=request.origin)
    for check in checks:
        to = next(to for to in user.recipients if to.email == check.email)
        details: dict[str, int | str] = {"check": check.pk, "event": event.pk}
        queue("first_method_check", to=to, user=user, details=details, expires_in=CHECK_LIFETIME)


@transaction.atomic
def confirm_by_email(check: EmailCheck, *, origin: Origin) -> bool:
    """Spend the link; False if it was spent or ran out meanwhile."""
    # confirmed_at is asked of the row itself: after waiting for another request PostgreSQL looks again at the row,
    # not at what was joined to it.
    unused = EmailCheck.objects.filter(pk__in=EmailCheck.objects.open().filter(pk=check.pk), confirmed_at=None)
    if not unused.update(confirmed_at=clock.now()):
        return False
    record(events.CONFIRMED, user=check.user, origin=origin, method="email")
    return True

"""Recording, and forgetting in time."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from audit import chain
from audit.models import SecurityEvent
from lib import clock
from messaging.actions import queue
from messaging.digest import queue_repeatable
from messaging.phones import alert_phones

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.user.models import User
    from audit.events import Event
    from lib.origin import Origin

KEPT = timedelta(days=365)  # addresses and browsers included: an event goes as a whole

log = logging.getLogger("sallyport.audit")


@transaction.atomic(savepoint=False)
def record(event: Event, *, user: User | None, origin: Origin, **details: str) -> SecurityEvent:
    """Write down what happened, and tell its owner when the catalogue says so.

    Call it in the transaction of the change, as its last step: the record, the message and the change stand or fall
    together, and the account's chain is locked from here to the end.
    """
    row = SecurityEvent(
        user=user,
        slug=event.slug,
        details=details,
        ip=origin.ip,
        user_agent=origin.user_agent,
        actor_id=origin.actor_id,
        request_id=origin.request_id,
    )
    chain.append(row)
    log.info(event.slug, extra=_flat(details) | {"event": row.pk, "user_id": user.pk if user else None, **_by(origin)})
    if user is not None and event.is_told:
        alert_phones(user, event_id=row.pk, group=event.group)
        if event.alerts:
            _mail(row, event, user)
    return row


def _mail(row: SecurityEvent, event: Event, user: User) -> None:
    """To every address concerned: a change at once, what can repeat itself by the hour."""
    for to in user.recipients:
        if event.group:
            queue_repeatable(event.told_by, to=to, user=user, group=event.group, item=row.pk)
        else:
            queue(event.told_by, to=to, user=user, details={"event": row.pk})


def close_record(user: User) -> None:
    """Before an account is deleted for good: its events go with it, and its chain says that this was us."""
    chain.close(user, clock.now())


def purge_nobodys(before: datetime) -> int:
    """Delete what happened to no account, such as a wrong password for nobody, before then; returns how many."""
    return SecurityEvent.objects.filter(user=None, created_at__lt=before).delete()[0]


def purge_old() -> int:
    """Delete what happened to accounts more than a year ago; returns how many."""
    old = SecurityEvent.objects.filter(user__isnull=False, created_at__lt=clock.now() - KEPT)
    ends = old.values_list("user_id").annotate(Max("seq")).order_by("user_id")
    return sum(_cut(user_id, upto) for user_id, upto in list(ends) if upto is not None)


@transaction.atomic
def _cut(user_id: int, upto: int) -> int:
    deleted = chain.cut_beginning(user_id, upto)
    if not deleted:
        log.error("old events were not deleted: their chain does not hold", extra={"user_id": user_id})
    return deleted


def _by(origin: Origin) -> dict[str, str | int | None]:
    return {"ip": origin.ip, "actor_id": origin.actor_id, "request_id": origin.request_id}


def _flat(details: dict[str, str]) -> dict[str, str]:
    """Details under names that no field of a log record has."""
    return {f"detail_{name}": value for name, value in details.items()}

"""Recording."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from audit.models import SecurityEvent
from messaging.actions import queue

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.user.models import User
    from audit.events import Event
    from lib.origin import Origin

log = logging.getLogger("sallyport.audit")


def record(event: Event, *, user: User | None, origin: Origin, **details: str) -> SecurityEvent:
    """Write down what happened, and tell its owner when the catalogue says so.

    Call it in the transaction of the change: the record, the message and the change stand or fall together.
    """
    row = SecurityEvent.objects.create(
        user=user, slug=event.slug, details=details, ip=origin.ip, user_agent=origin.user_agent
    )
    who: dict[str, object] = {"event": row.pk, "user_id": user.pk if user else None, "ip": origin.ip}
    log.info(event.slug, extra={**who, **_flat(details)})
    if event.alerts and user is not None:
        queue("security_event", to=user.recipient, user=user, details={"event": row.pk})
    return row


def purge_nobodys(before: datetime) -> int:
    """Delete what happened to no account, such as a wrong password for nobody, before then; returns how many."""
    return SecurityEvent.objects.filter(user=None, created_at__lt=before).delete()[0]


def _flat(details: dict[str, str]) -> dict[str, str]:
    """Details under names that no field of a log record has."""
    return {f"detail_{name}": value for name, value in details.items()}

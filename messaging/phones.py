"""Alerts on a person's phones: a push that says no more than that something happened."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.utils.module_loading import import_string

from messaging.actions import queue
from messaging.digest import turn_after
from messaging.models import Message, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from accounts.user.models import User

KIND = "push_alert"
LIFETIME = timedelta(days=1)  # a phone that was off for longer has its owner's mailbox to tell


def alert_phones(user: User, *, event_id: int, group: str = "", not_before: datetime | None = None) -> None:
    """Wake every phone of the account that this may be told to.

    What repeats itself has a group: its first push leaves at once, what follows within the hour in one. That is counted
    apart from mails, which may wait for a mail server meanwhile. Call it while the account's chain is locked, as after
    record().
    """
    hook = cast("Callable[[User, int], list[int]]", import_string(settings.ALERTED_PHONES))
    for subscription_id in hook(user, event_id):
        last = _last_of(user, subscription_id, group) if group else None
        if last is None or last.state != State.NEW:  # one that has not left yet says all that there is to say
            details: dict[str, int | str] = {"subscription": subscription_id, "event": event_id, "group": group}
            _queue(user, details, not_before=not_before or turn_after(last))


def _queue(user: User, details: dict[str, int | str], *, not_before: datetime | None) -> None:
    queue(
        KIND,
        to=user.recipient,
        user=user,
        channel="push",
        details=details,
        expires_in=LIFETIME,
        not_before=not_before,
    )


def _last_of(user: User, subscription_id: int, group: str) -> Message | None:
    told = Message.objects.filter(user=user, kind=KIND, details__subscription=subscription_id, details__group=group)
    return told.order_by("-created_at").first()

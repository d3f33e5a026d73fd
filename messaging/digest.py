"""Telling of things that repeat: the first at once, what follows within the hour in one mail.

Twenty mails about one burst of guessing teach people to read none.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from lib import clock
from messaging.actions import queue
from messaging.models import Message, State

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.user.models import User
    from messaging.recipient import Recipient

EVERY = timedelta(hours=1)
MOST = 20  # named in one mail; the others are counted


@transaction.atomic
def queue_repeatable(kind: str, *, to: Recipient, user: User, group: str, item: int) -> None:
    """Queue a message about a thing, or add the thing to the message about its like that still waits.

    Call it while the account's chain is locked, as after record(): else two things at once would both be the first.
    """
    of_this_kind = Message.objects.filter(user=user, kind=kind, recipient_email=to.email, details__group=group)
    last = of_this_kind.order_by("-created_at").first()
    if last is not None and _was_added(item, last):
        return
    details: dict[str, int | str] = {"group": group, "events": str(item), "count": 1}
    queue(kind, to=to, user=user, details=details, not_before=turn_after(last))


def told_of(message: Message) -> tuple[list[int], int]:
    """The ids of what a message is about, and how many more there were.

    Read anew, now that a worker has the message: what was added while it waited is among them.
    """
    details: dict[str, int | str] = Message.objects.values_list("details", flat=True).get(pk=message.pk)
    ids = ids_in(details.get("events", details.get("event")))
    return ids, int(details.get("count", len(ids))) - len(ids)


def ids_in(text: object) -> list[int]:
    return [int(part) for part in str(text).split(",") if part.isdigit()]


def _was_added(item: int, message: Message) -> bool:
    """One UPDATE, which a worker that takes the message at this instant either sees or forestalls."""
    ids = [*ids_in(message.details["events"]), item][-MOST:]
    details = {**message.details, "events": ",".join(map(str, ids)), "count": message.details["count"] + 1}
    waiting = Message.objects.filter(pk=message.pk, state=State.NEW, tries=message.tries)
    return waiting.update(details=details) == 1


def turn_after(last: Message | None) -> datetime | None:
    """When the next one may go; now if the last one is long gone. Never later than in an hour, whatever clocks say."""
    if last is None:
        return None
    now = clock.now()
    turn = (last.not_before or last.created_at) + EVERY
    return min(turn, now + EVERY) if turn > now else None

"""Queueing a message with the change it tells of, and delivering it in a worker."""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.module_loading import import_string

from lib import clock
from messaging import channels
from messaging.errors import Refused, TemporaryFailure
from messaging.models import Heartbeat, Message, PushSubscription, State
from messaging.poke import poke

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from accounts.user.models import User
    from messaging.content import Content
    from messaging.recipient import Recipient

# The wait after each failed try but the last: a restart of the mail server, an hour of its downtime.
WAITS = (timedelta(seconds=20), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))
# A push is of use for two minutes.
PUSH_WAITS = (timedelta(seconds=3), timedelta(seconds=10), timedelta(seconds=20), timedelta(seconds=40))
MOST_TRIES = len(WAITS) + 1
SWEPT_AT_ONCE = 500
SWEEP = "sweep"  # the heartbeat's name
KEPT_FOR = timedelta(days=90)
LONGEST_ERROR = 100

log = logging.getLogger("sallyport.messaging")


@transaction.atomic
def queue(  # noqa: PLR0913 - all but kind are named by the caller
    kind: str,
    *,
    to: Recipient,
    user: User | None = None,
    details: Mapping[str, int | str] | None = None,
    channel: str = "email",
    expires_in: timedelta | None = None,
    not_before: datetime | None = None,
    dedupe_key: str = "",
) -> Message | None:
    """Write a message into the outbox; it stands or falls with the caller's transaction.

    Details hold ids, never a secret. None: a message with this dedupe_key was queued before.
    """
    if kind not in settings.MESSAGE_COMPOSERS or channel not in settings.MESSAGE_CHANNELS:
        raise ValueError(f"nobody composes {kind} or sends by {channel}")
    message = Message(
        kind=kind,
        channel=channel,
        user=user,
        recipient_email=to.email,
        recipient_name=to.name,
        recipient_language=to.language,
        details=details or {},
        dedupe_key=dedupe_key or None,
        not_before=not_before,
        expires_at=clock.now() + expires_in if expires_in is not None else None,
    )
    if not _was_written(message):
        return None
    if not_before is None:
        transaction.on_commit(partial(poke, message.pk))
    return message


def _was_written(message: Message) -> bool:
    """Insert it; a conflict leaves the transaction whole, and then the row with our id is not there."""
    Message.objects.bulk_create([message], ignore_conflicts=message.dedupe_key is not None)
    return message.dedupe_key is None or Message.objects.filter(pk=message.pk).exists()


def deliver(message_id: UUID) -> None:
    """Send the message if it is due and nobody else has it. Safe to call at any time, any number of times."""
    message = _claim(message_id)
    if message is None:
        return
    try:
        channels.send(message, _compose(message))
    except Refused as refusal:
        _bury(message, str(refusal))
    except TemporaryFailure as failure:
        _postpone(message, str(failure), failure.retry_after)
    except Exception as mistake:  # noqa: BLE001 - a message that nobody can write must not stop the others
        _postpone(message, _where(mistake))
    else:
        _mark_sent(message)


def _claim(message_id: UUID) -> Message | None:
    now = clock.now()
    message = Message.objects.due(now).filter(pk=message_id).first()
    if message is None:
        return None
    if message.is_late(now):
        message.move(State.EXPIRED, lease_until=None)
        return None
    if message.tries >= MOST_TRIES:
        _bury(message, "workers died with it")
        return None
    is_ours = message.move(State.SENDING, tries=message.tries + 1, lease_until=now + settings.MESSAGE_LEASE)
    return message if is_ours else None


def _compose(message: Message) -> Content:
    composer: Callable[[Message], Content] = import_string(settings.MESSAGE_COMPOSERS[message.kind])
    with translation.override(message.recipient_language):
        return composer(message)


def _mark_sent(message: Message) -> None:
    """One UPDATE that commits itself: a worker killed between the far end's yes and it leaves a second copy."""
    if not message.move(State.SENT, sent_at=clock.now(), lease_until=None, error=""):
        log.warning("sent after the lease had ended", extra=_named(message))


def _postpone(message: Message, error: str, at_least: timedelta = timedelta(0)) -> None:
    if message.tries >= MOST_TRIES:
        _bury(message, error)
        return
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, guards nothing
    waits = PUSH_WAITS if message.channel == "push" else WAITS
    wait = max(waits[message.tries - 1] * jitter, at_least)
    log.warning("not sent, tried again later", extra=_named(message) | {"error": error})
    message.move(State.NEW, not_before=clock.now() + wait, lease_until=None, error=error[:LONGEST_ERROR])


def _bury(message: Message, error: str) -> None:
    if message.move(State.DEAD, lease_until=None, error=error[:LONGEST_ERROR]):
        log.error("not sent, given up", extra=_named(message) | {"error": error})


def _where(mistake: Exception) -> str:
    """The mistake's type and place. Its text stays out: it may quote what the message says."""
    traceback = mistake.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = f" at {traceback.tb_frame.f_code.co_qualname}:{traceback.tb_lineno}" if traceback is not None else ""
    return type(mistake).__name__ + place


def _named(message: Message) -> dict[str, str | int]:
    return {"message_id": str(message.pk), "kind": message.kind, "channel": message.channel, "tries": message.tries}


def sweep(hand_over: Callable[[UUID], None]) -> int:
    """Hand over what a crash, a dead worker or an emptied Redis left behind; returns how many.

    hand_over is deliver itself, or poke where there are workers to share the work. Two sweeps at once are harmless.
    """
    now = clock.now()
    Message.objects.late(now).update(state=State.EXPIRED, lease_until=None)
    waiting = Message.objects.due(now).order_by("created_at").values_list("pk", flat=True)[:SWEPT_AT_ONCE]
    message_ids = list(waiting)
    for message_id in message_ids:
        hand_over(message_id)
    Heartbeat.objects.update_or_create(name=SWEEP, defaults={"at": now})
    return len(message_ids)


def forget(email: str) -> int:
    """Forget what was sent to an address before it had an account; what refers to a person goes with the person."""
    return Message.objects.filter(user=None, recipient_email__iexact=email).delete()[0]


def forget_subscription(subscription_id: int | None) -> None:
    """The address of a browser that nobody writes to any more."""
    PushSubscription.objects.filter(pk=subscription_id or 0).delete()


def purge() -> int:
    """Forget what left, or did not, long ago; returns how many messages."""
    deleted = Message.objects.finished_before(clock.now() - KEPT_FOR).delete()
    return deleted[1].get("messaging.Message", 0)

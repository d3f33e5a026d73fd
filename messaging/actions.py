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

from lib import addresses, clock, languages
from messaging import channels
from messaging.errors import Refused, TemporaryFailure, Unwanted
from messaging.models import Heartbeat, Message, PushSubscription, State
from messaging.poke import POKE_LIFE, poke

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.user.models import User
    from messaging.content import Content
    from messaging.kinds import Kind
    from messaging.models import MessageQuerySet
    from messaging.recipient import Recipient

LONGEST_WAIT = timedelta(hours=1)
# The wait after each failed try, the last one after all further ones: a restart of the mail server, its downtime.
WAITS = (timedelta(seconds=20), timedelta(minutes=2), timedelta(minutes=10), LONGEST_WAIT)
# A request to a phone is of use for two minutes, which are over before the longer waits begin.
PUSH_WAITS = (timedelta(seconds=3), timedelta(seconds=10), timedelta(seconds=20), timedelta(seconds=40), *WAITS[1:])
MOST_TRIES = len(WAITS) + 1  # of what ages
TRIED_FOR = timedelta(days=7)  # what does not: a mail server that is away over a long weekend loses no alert
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
    if kind not in settings.MESSAGE_KINDS or channel not in settings.MESSAGE_CHANNELS:
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
    except (Refused, Unwanted) as reason:
        _give_up(message, str(reason), is_our_matter=isinstance(reason, Refused) and not _is_to_a_stranger(message))
    except TemporaryFailure as failure:
        is_our_matter = not (failure.is_about_recipient and _is_to_a_stranger(message))
        _postpone(message, str(failure), at_least=failure.retry_after, is_our_matter=is_our_matter)
    except Exception as mistake:  # noqa: BLE001 - a message that nobody can write must not stop the others
        # Trying for a week does not mend a mistake; but one hiccup among tries that failed for another reason is none.
        place = _where(mistake)[:LONGEST_ERROR]
        _postpone(message, place, is_hopeless=message.error == place)
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
    if message.state == State.SENDING and message.tries >= MOST_TRIES:
        _postpone(message, "workers died with it")  # it may be what kills them: no longer one after the other
        return None
    is_ours = message.move(State.SENDING, tries=message.tries + 1, lease_until=now + settings.MESSAGE_LEASE)
    return message if is_ours else None


def _compose(message: Message) -> Content:
    composer: Callable[[Message], Content] = import_string(settings.MESSAGE_KINDS[message.kind].composer)
    with translation.override(languages.spoken(message.recipient_language)):
        return composer(message)


def _mark_sent(message: Message) -> None:
    """One UPDATE that commits itself: a worker killed between the far end's yes and it leaves a second copy."""
    if not message.move(State.SENT, sent_at=clock.now(), lease_until=None, error=""):
        log.warning("sent after the lease had ended", extra=_named(message))


def _postpone(
    message: Message,
    error: str,
    *,
    at_least: timedelta = timedelta(0),
    is_hopeless: bool = False,
    is_our_matter: bool = True,
) -> None:
    if message.tries >= MOST_TRIES and (is_hopeless or _was_tried_enough(message)):
        _give_up(message, error, is_our_matter=is_our_matter)
        return
    waits = PUSH_WAITS if message.channel == "push" else WAITS
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, guards nothing
    wait = max(min(waits[min(message.tries, len(waits)) - 1] * jitter, LONGEST_WAIT), at_least)
    log.warning("not sent, tried again later", extra=_named(message) | {"error": error})
    message.move(State.NEW, not_before=clock.now() + wait, lease_until=None, error=error[:LONGEST_ERROR])
    if wait < POKE_LIFE:  # later ones are left to the sweep, which may be ten seconds late
        transaction.on_commit(partial(poke, message.pk, after=wait))


def _was_tried_enough(message: Message) -> bool:
    """A push is tried until it runs out: nobody need do anything about one that is too late."""
    if _ages(message):
        return message.channel != "push" or message.expires_at is None
    return clock.now() >= message.created_at + TRIED_FOR


def _give_up(message: Message, error: str, *, is_our_matter: bool) -> None:
    """Dead is only what an operator should look at."""
    if message.move(State.DEAD if is_our_matter else State.EXPIRED, lease_until=None, error=error[:LONGEST_ERROR]):
        level = logging.ERROR if is_our_matter else logging.INFO
        log.log(level, "not sent, given up", extra=_named(message) | {"error": error})


def _is_to_a_stranger(message: Message) -> bool:
    """Whether somebody typed the address who has not shown that it is theirs.

    Else anybody could wake the operator, by asking for an account under an address that does not exist.
    """
    is_proved = message.user is not None and message.user.email == message.recipient_email
    return _ages(message) and not is_proved


def _ages(message: Message) -> bool:
    kind: Kind | None = settings.MESSAGE_KINDS.get(message.kind)  # None: of an earlier version
    return kind is not None and kind.ages


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
    Message.objects.filter(state=State.DEAD, expires_at__lte=now).update(state=State.EXPIRED)
    waiting = Message.objects.due(now).order_by("created_at").values_list("pk", flat=True)[:SWEPT_AT_ONCE]
    message_ids = list(waiting)
    for message_id in message_ids:
        hand_over(message_id)
    Heartbeat.objects.update_or_create(name=SWEEP, defaults={"at": now})
    return len(message_ids)


@transaction.atomic
def revive(message_ids: Collection[UUID]) -> int:
    """Let dead messages be tried anew, from the first try; returns how many. What is too late stays as it is."""
    revived = list(_dead(message_ids).in_time(clock.now()).select_for_update().values_list("pk", flat=True))
    Message.objects.filter(pk__in=revived).update(state=State.NEW, tries=0, not_before=None, error="")
    for message_id in revived:
        transaction.on_commit(partial(poke, message_id))
    return len(revived)


def drop(message_ids: Collection[UUID]) -> int:
    """Let dead messages rest: nobody is told of them any more. Their rows stay as long as those of others."""
    return _dead(message_ids).update(state=State.EXPIRED)


def withdraw(messages: QuerySet[Message]) -> int:
    """Take back what no worker has taken yet, because another message says the same; returns how many."""
    return messages.filter(state=State.NEW).update(state=State.EXPIRED)


def _dead(message_ids: Collection[UUID]) -> MessageQuerySet:
    return Message.objects.filter(state=State.DEAD, pk__in=message_ids)


def forget(email: str) -> int:
    """Forget what was sent to an address before it had an account; what refers to a person goes with the person."""
    unclaimed = Message.objects.filter(user=None)
    return unclaimed.filter(pk__in=addresses.rows_of(unclaimed, "recipient_email", email)).delete()[0]


def forget_subscription(subscription_id: int | None) -> None:
    """The address of a browser that nobody writes to any more."""
    PushSubscription.objects.filter(pk=subscription_id or 0).delete()


def purge() -> int:
    """Forget what left, or did not, long ago; returns how many messages."""
    deleted = Message.objects.finished_before(clock.now() - KEPT_FOR).delete()
    return deleted[1].get("messaging.Message", 0)

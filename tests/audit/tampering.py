"""What somebody who can write to the database, but has no keys, might do to the record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.db.models import F

from audit import events
from audit.actions import record
from audit.models import ChainHead, SecurityEvent
from lib.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from accounts.user.models import User

HOME = Origin(ip="203.0.113.7", user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
ASIDE = 1_000_000  # where no event is


def live_a_little(user: User, count: int) -> None:
    """So many events."""
    kinds = (events.SIGNED_IN, events.PASSWORD_WRONG, events.CONFIRMED, events.PASSWORD_CHANGED, events.SIGNED_OUT)
    for number in range(count):
        # Every other one as before there were actors and request ids.
        origin = HOME if number % 2 else replace(HOME.by(user), request_id=f"{number:024x}")
        record(kinds[number % len(kinds)], user=user, origin=origin, method="totp", number=str(number))


def rows_of(user: User) -> list[SecurityEvent]:
    return list(SecurityEvent.objects.filter(user=user).order_by("seq"))


def change(event: SecurityEvent, **columns: object) -> None:
    SecurityEvent.objects.filter(pk=event.pk).update(**columns)


# ── One way each; returns nothing, leaves a chain that must not hold ──
def edit(random: Random, user: User, _other: User) -> None:
    event = random.choice(rows_of(user))
    change(
        event,
        **random.choice(
            (
                {"slug": "signed_up"},
                {"details": {**event.details, "method": "sms"}},
                {"details": {}},
                {"ip": "198.51.100.1"},
                {"user_agent": "curl/8"},
                {"user_agent": ""},
                {"actor_id": None if event.actor_id else user.pk},
                {"actor_id": ASIDE},
                {"request_id": "" if event.request_id else "0" * 24},
                {"hash": event.hash[::-1]},
                {"seq": (event.seq or 0) + ASIDE},
                {"created_at": event.created_at.replace(year=event.created_at.year - 2)},
            )
        ),
    )


def delete(random: Random, user: User, _other: User) -> None:
    random.choice(rows_of(user)).delete()


def hide(random: Random, user: User, _other: User) -> None:
    """Make it nobody's."""
    change(random.choice(rows_of(user)), user=None)


def insert(random: Random, user: User, _other: User) -> None:
    """Put a copy in, and make room for it."""
    event = random.choice(rows_of(user))
    later = SecurityEvent.objects.filter(user=user, seq__gt=event.seq)
    later.update(seq=F("seq") + ASIDE)
    later.update(seq=F("seq") - ASIDE + 1)
    event.pk, event.seq = None, (event.seq or 0) + 1
    event.save()
    ChainHead.objects.filter(user=user).update(seq=F("seq") + 1)


def append_forged(random: Random, user: User, _other: User) -> None:
    """Put an event after the last one, and let the head say so."""
    forged = random.choice(rows_of(user))
    forged.pk, forged.seq, forged.hash = (
        None,
        ChainHead.objects.get(user=user).seq + 1,
        f"{random.getrandbits(256):064x}",
    )
    forged.save()
    ChainHead.objects.filter(user=user).update(seq=forged.seq, hash=forged.hash)


def reorder(random: Random, user: User, _other: User) -> None:
    one, two = random.sample(rows_of(user), 2)
    change(one, seq=ASIDE)
    change(two, seq=one.seq)
    change(one, seq=two.seq)


def swap_accounts(random: Random, user: User, other: User) -> None:
    """Exchange two events at the same place of two accounts."""
    mine, theirs = random.choice(list(zip(rows_of(user), rows_of(other), strict=True)))
    change(mine, user=None)
    change(theirs, user=user)
    change(mine, user=other)


def swap_contents(random: Random, user: User, _other: User) -> None:
    """Exchange everything but the places, hashes too."""
    one, two = random.sample(rows_of(user), 2)
    columns = ("slug", "details", "ip", "user_agent", "created_at", "actor_id", "request_id", "hash")
    change(one, **{column: getattr(two, column) for column in columns})
    change(two, **{column: getattr(one, column) for column in columns})


def cut_end(random: Random, user: User, _other: User) -> None:
    for event in rows_of(user)[-random.randint(1, 5) :]:
        event.delete()


def cut_beginning(random: Random, user: User, _other: User) -> None:
    """Delete the first ones, and let the head say that they were too old."""
    gone = rows_of(user)[: random.randint(1, 5)]
    for event in gone:
        event.delete()
    ChainHead.objects.filter(user=user).update(base_seq=gone[-1].seq, base_hash=gone[-1].hash)


def cut_all(_random: Random, user: User, _other: User) -> None:
    """Delete everything, and let the head say that the account was deleted."""
    last = rows_of(user)[-1]
    SecurityEvent.objects.filter(user=user).delete()
    ChainHead.objects.filter(user=user).update(closed_at=last.created_at)


def move_head(random: Random, user: User, _other: User) -> None:
    event = random.choice(rows_of(user)[:-1])
    ChainHead.objects.filter(user=user).update(seq=event.seq, hash=event.hash)


def drop_head(_random: Random, user: User, _other: User) -> None:
    ChainHead.objects.filter(user=user).delete()


TAMPERINGS: tuple[Callable[[Random, User, User], None], ...] = (
    edit,
    delete,
    hide,
    insert,
    append_forged,
    reorder,
    swap_accounts,
    swap_contents,
    cut_end,
    cut_beginning,
    cut_all,
    move_head,
    drop_head,
)


def cut_end_with_head(user: User, count: int) -> None:
    """What no chain shows by itself: the end is gone, and the head says that the event before was the last."""
    rows = rows_of(user)
    for event in rows[-count:]:
        event.delete()
    ChainHead.objects.filter(user=user).update(seq=rows[-count - 1].seq, hash=rows[-count - 1].hash)

"""One chain of hashes per account: an event that is changed, taken out, put in or moved no longer fits the others.

The hashes are keyed, so whoever can write to the database, but has no PORTAL_KEYS, cannot make new ones that fit.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from audit.models import ChainHead, SecurityEvent
from lib import crypto, prepared
from lib.prepared import PreparedUpdate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.user.models import User

_MOVE = PreparedUpdate(
    lambda given: ChainHead.objects.filter(pk=given.pk, hash=given.known_hash),
    lambda given: {"seq": given.seq, "hash": given.hash},
)
NOBODY = 0  # the id of no account


class Link(NamedTuple):
    """The columns of an event that its hash covers."""

    user_id: int
    seq: int
    slug: str
    details: dict[str, str]
    ip: str
    user_agent: str
    created_at: datetime
    actor_id: int | None
    request_id: str


# Columns that came later are left out where they are empty, so that what was hashed before they came still fits.
LATER = ("actor_id", "request_id")


class Fault(NamedTuple):
    """The first place where a chain does not hold."""

    user_id: int
    seq: int | None
    what: str

    def __str__(self) -> str:
        return f"account {self.user_id}, event {self.seq or '?'}: {self.what}"


# ── Writing ──
def open_for(user: User) -> None:
    """An empty chain for a new account, so that its first event costs no more than any other."""
    ChainHead.objects.create(user=user)


def append(event: SecurityEvent) -> None:
    """Store the event as the last one of its account's chain. Call it inside the transaction of what happened.

    The head moves by a conditional UPDATE on what we know of it; whoever was late reads it again, locked, so of two
    writers at the same instant neither is lost and the chain never forks. The head stays locked until the
    transaction ends, so it is the last lock to take: user, attempt, device, head.
    """
    user = event.user
    if user is None:
        _spend_as_long(event)
    else:
        # Read with the user where the query joined it: the sign-in needs no statement for it.
        head = getattr(user, "audit_head", None) or ChainHead(user=user)
        while not _move(head, event):
            head = _locked_head(user)
    prepared.insert(event)


def close(user: User, at: datetime) -> None:
    """Say in the head that the account's events will go with the account, and that it is us who delete them."""
    head = _locked_head(user)
    head.closed_at = at
    _seal(head)


def hash_of(link: Link, previous: str) -> str:
    """The hash of an event after the one that has the previous hash."""
    columns = {**link._asdict(), "ip": _packed(link.ip), "previous": previous}
    for name in LATER:
        if not columns[name]:
            del columns[name]
    return crypto.keyed_digest("audit", _canonical(columns))


def link_of(event: SecurityEvent) -> Link:
    return Link(*(getattr(event, column) for column in Link._fields))


def _move(head: ChainHead, event: SecurityEvent) -> bool:
    """Make the event the last one of the chain, if the head is still as we know it.

    By its hash, not its number alone: a transaction that was undone may have left a wrong hash in our memory.
    """
    event.seq = head.seq + 1
    event.hash = hash_of(link_of(event), previous=head.hash)
    if not _MOVE.run(pk=head.pk, known_hash=head.hash, seq=event.seq, hash=event.hash):
        return False
    head.seq, head.hash = event.seq, event.hash
    return True


def _locked_head(user: User) -> ChainHead:
    """The head as it is now, nobody else's until the transaction ends; made anew if the account was made without."""
    heads = ChainHead.objects.select_for_update().filter(user=user)
    head = heads.first()
    if head is None:
        ChainHead.objects.bulk_create([ChainHead(user=user)], ignore_conflicts=True)
        head = heads.get()
    head.user = user  # the user's next event finds it there
    return head


def _spend_as_long(event: SecurityEvent) -> None:
    """For nobody there is no chain, but the same work: time must not tell who has an account (ASVS 6.3.8)."""
    _move(ChainHead(user_id=NOBODY), event)
    event.seq, event.hash = None, ""


# ── Forgetting ──
def cut_beginning(user_id: int, upto: int) -> int:
    """Delete the account's events up to that one, and seal in the head where the chain begins now; returns how many.

    Call it in a transaction. A part that does not hold is left as it is: somebody may have made events look old so
    that we delete them (audit_verify names it).
    """
    head = ChainHead.objects.select_for_update().get(pk=user_id)
    old = SecurityEvent.objects.filter(user_id=user_id, seq__lte=upto).order_by("seq")
    walk = Walk(head)
    if walk.fault_of_base() or walk.fault_among(old.values_list(*Link._fields, "hash").iterator()):
        return 0
    head.base_seq, head.base_hash = walk.seq, walk.hash
    _seal(head)
    return old.delete()[0]


def _seal(head: ChainHead) -> None:
    head.seal = _seal_of(head)
    head.save(update_fields=["base_seq", "base_hash", "closed_at", "seal"])


# ── Checking ──
@dataclass
class Walk:
    """Goes along a chain, event by event, from where its head says that it begins."""

    head: ChainHead

    def __post_init__(self) -> None:
        self.seq, self.hash = self.head.base_seq, self.head.base_hash

    def fault_of_base(self) -> Fault | None:
        """Whether somebody else moved the beginning of the chain, or closed it."""
        head = self.head
        is_fresh = not (head.base_seq or head.base_hash or head.closed_at or head.seal)
        if is_fresh or head.seal == _seal_of(head):
            return None
        return Fault(head.user_id, head.base_seq + 1, "the chain does not begin here")

    def fault_among(self, rows: Iterable[tuple[Any, ...]]) -> Fault | None:
        """The first of the rows, a Link's columns and a hash each, that does not come next."""
        for *columns, stored in rows:
            link = Link(*columns)
            if link.seq != self.seq + 1:
                return Fault(self.head.user_id, self.seq + 1, "is missing")
            if hash_of(link, self.hash) != stored:
                return Fault(self.head.user_id, link.seq, "was changed, put in or moved")
            self.seq, self.hash = link.seq, stored
        return None

    def fault_at_end(self) -> Fault | None:
        """Whether the walk ended where the head says. A closed chain may have gone with its account."""
        if self.head.closed_at and self.seq == self.head.base_seq:
            return None
        if (self.seq, self.hash) == (self.head.seq, self.head.hash):
            return None
        what = "is missing, and what came after it" if self.seq < self.head.seq else "is the last one, not the head's"
        return Fault(self.head.user_id, min(self.seq, self.head.seq) + 1, what)


def _seal_of(head: ChainHead) -> str:
    closed_at = _as_text(head.closed_at) if head.closed_at else ""
    return crypto.keyed_digest("audit_seal", head.user_id, head.base_seq, head.base_hash, closed_at)


@lru_cache(maxsize=1024)
def _packed(ip: str) -> str:
    """An address in the one form that no database and no version of Python writes otherwise."""
    try:
        return ipaddress.ip_address(ip).packed.hex()
    except ValueError:
        return ip  # somebody put it into the table: it will not fit


def _as_text(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else repr(value)


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_as_text).encode

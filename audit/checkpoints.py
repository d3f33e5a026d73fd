"""Where the chains ended, minute by minute, in the log: what no change to the database can take back.

A chain whose end was cut off together with its head holds in itself; only somebody who remembers where it ended can
tell. Keep the log where the database's administrators cannot write.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import F, Q
from django.utils.crypto import constant_time_compare

from audit.chain import Fault
from audit.models import ChainHead, SecurityEvent
from lib import clock, crypto

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEADS_A_LINE = 200  # a line of about 8 KB: log shippers cut longer ones
MOST_AT_ONCE = 10_000
DIGITS = 16  # of a hash: 64 bits that only we can make
LOGGER = "sallyport.audit.checkpoint"

log = logging.getLogger(LOGGER)


class Place(NamedTuple):
    """Where a chain ended."""

    user_id: int
    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.user_id}:{self.seq}:{self.hash}"


# ── Writing ──
def write() -> int:
    """Log the ends of the chains that grew since they were logged last; returns how many.

    A head is marked after its line is out and only as far as the line says: a crash between costs a second line.
    """
    grown = ChainHead.objects.filter(seq__gt=F("checkpoint_seq")).order_by("pk")
    heads = grown.values_list("pk", "seq", "hash")[:MOST_AT_ONCE]
    places = [Place(user_id, seq, hash_[-DIGITS:]) for user_id, seq, hash_ in heads]
    for start in range(0, len(places), HEADS_A_LINE):
        _write_line(places[start : start + HEADS_A_LINE])
    return len(places)


def _write_line(places: list[Place]) -> None:
    at, heads = clock.now().isoformat(), [str(place) for place in places]
    log.info("checkpoint", extra={"at": at, "heads": heads, "signature": _signature(at, heads)})
    for place in places:  # one statement each: no two locks at a time, so nobody waits for us crosswise
        ChainHead.objects.filter(pk=place.user_id, checkpoint_seq__lt=place.seq).update(checkpoint_seq=place.seq)


# ── Reading ──
class Comparison:
    """The events compared with what the lines of a log say: iterate for the faults, several of an account maybe."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = lines
        self.checkpoints = 0
        self.forged: list[int] = []  # the numbers of lines that look like checkpoints and are none of ours

    def __iter__(self) -> Iterator[Fault]:
        for number, line in enumerate(self.lines, start=1):
            if f'"{LOGGER}"' in line:
                places = _places_in(line)
                if places is None:
                    self.forged.append(number)
                else:
                    self.checkpoints += 1
                    yield from _faults_at(places)


def _places_in(line: str) -> list[Place] | None:
    """The places that a line names, None if we did not write it."""
    try:
        entry = json.loads(line[line.index("{") :])  # a log shipper may have put its own words before
        at, heads, signature = str(entry["at"]), list(map(str, entry["heads"])), str(entry["signature"])
    except (ValueError, KeyError, TypeError):
        return None
    if not constant_time_compare(signature, _signature(at, heads)):
        return None
    parts = (head.split(":") for head in heads)
    return [Place(int(user_id), int(seq), digits) for user_id, seq, digits in parts]


def _faults_at(places: list[Place]) -> Iterator[Fault]:
    """What is no longer where the checkpoint saw it, unless it was deleted by us."""
    hashes = _hashes_at(places)
    heads = ChainHead.objects.in_bulk([place.user_id for place in places])
    for place in places:
        found = hashes.get((place.user_id, place.seq), "")
        if not found.endswith(place.hash) and not _is_forgotten(place, heads.get(place.user_id)):
            what = "is another one than a checkpoint has seen" if found else "is missing: a checkpoint has seen it"
            yield Fault(place.user_id, place.seq, what)


def _hashes_at(places: list[Place]) -> dict[tuple[int, int], str]:
    wanted = Q()
    for place in places:
        wanted |= Q(user_id=place.user_id, seq=place.seq)
    rows = SecurityEvent.objects.filter(wanted).values_list("user_id", "seq", "hash")
    return {(user_id, seq): hash_ for user_id, seq, hash_ in rows if user_id and seq}


def _is_forgotten(place: Place, head: ChainHead | None) -> bool:
    """Deleted for its age, or with its account; that the head says so truthfully is seen when the chain is walked."""
    return head is not None and (head.closed_at is not None or place.seq <= head.base_seq)


def _signature(at: str, heads: list[str]) -> str:
    return crypto.keyed_digest("audit_checkpoint", at, *heads)

"""Does the record still say what was written? Every chain is walked from its beginning to its end."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef

from audit.chain import Fault, Link, Walk
from audit.models import ChainHead, SecurityEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD_COLUMNS = ("seq", "hash", "base_seq", "base_hash", "closed_at", "seal")
EVENT_COLUMNS = (*Link._fields, "hash")
ROWS_AT_ONCE = 2000


class Verification:
    """One pass over all chains: iterate for the first fault of each; then it knows how much it has read.

    Rows and their heads come from one statement, so what is recorded meanwhile does not look like a fault.
    """

    def __init__(self) -> None:
        self.events = 0
        self.chains = 0

    def __iter__(self) -> Iterator[Fault]:
        for user_id, rows in groupby(self._rows(), key=itemgetter(0)):
            self.chains += 1
            fault = self._fault_of(user_id, rows)
            if fault is not None:
                yield fault
        for head in chains_without_events().iterator(ROWS_AT_ONCE):
            self.chains += 1
            walk = Walk(head)
            fault = walk.fault_of_base() or walk.fault_at_end()
            if fault is not None:
                yield fault

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        head = (f"user__audit_head__{column}" for column in HEAD_COLUMNS)
        chained = SecurityEvent.objects.filter(user__isnull=False).order_by("user_id", "seq")
        for row in chained.values_list(*EVENT_COLUMNS, *head).iterator(ROWS_AT_ONCE):
            self.events += 1
            yield row

    def _fault_of(self, user_id: int, rows: Iterator[tuple[Any, ...]]) -> Fault | None:
        first = next(rows)
        head_columns = dict(zip(HEAD_COLUMNS, first[len(EVENT_COLUMNS) :], strict=True))
        if head_columns["seq"] is None:
            return Fault(user_id, None, "the head of the chain is missing")
        walk = Walk(ChainHead(user_id=user_id, **head_columns))
        return walk.fault_of_base() or walk.fault_among(_events([first], rows)) or walk.fault_at_end()


def chains_without_events() -> Any:
    """Heads alone: of accounts whose events are all too old, of deleted accounts, or of events that were cut off."""
    return ChainHead.objects.filter(~Exists(SecurityEvent.objects.filter(user_id=OuterRef("pk")))).order_by("pk")


def _events(*parts: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    return (row[: len(EVENT_COLUMNS)] for part in parts for row in part)

"""What did you lose? It is asked from the use of a backup until its owner has said so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from twofactor.method import Method
    from twofactor.second_factor import SecondFactor


@dataclass(frozen=True)
class Question:
    """When a backup was used, and what may have been lost then."""

    since: datetime
    devices: list[tuple[Method, SecondFactor]]


def question_about(rows: list[tuple[Method, list[SecondFactor]]]) -> Question | None:
    """None when there is nothing to ask: also when nothing is left of what the person had before.

    Takes the devices that the page shows anyway.
    """
    uses = [one.lost_asked_at for method, found in rows if method.is_backup for one in found if one.lost_asked_at]
    if not uses:
        return None
    since = max(uses)
    own = [(method, one) for method, found in rows if not method.is_backup for one in found]
    old = [(method, one) for method, one in own if one.created_at < since]
    return Question(since, old) if old else None

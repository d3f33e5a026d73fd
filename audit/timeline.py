"""Events as the activity page shows them: by day, in words."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from lib.origin import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from audit.models import SecurityEvent


DOT = "\u00a0· "  # stays at the end of a line that wraps


class Line(NamedTuple):
    """One event. Ready words rather than a row: fifty of them are most of what the page costs."""

    icon: str
    words: str
    when: str  # ISO 8601
    time: str
    origin: str
    seq: int | None  # of an event that its owner may say was not them


class Day(NamedTuple):
    """A day that has events; first is the moment of one of them."""

    first: datetime
    lines: list[Line]


def days_of(events: Iterable[SecurityEvent]) -> list[Day]:
    """The events in their order, under the days of the reader's time zone."""
    by_day = groupby(((localtime(event.created_at), event) for event in events), key=lambda pair: pair[0].date())
    days = [list(pairs) for _date, pairs in by_day]
    return [Day(pairs[0][0], [_line(when, event) for when, event in pairs]) for pairs in days]


def _line(when: datetime, event: SecurityEvent) -> Line:
    return Line(
        icon=event.event.category.icon,
        words=event.words,
        when=when.isoformat(timespec="seconds"),
        time=f"{when:%H:%M}",
        origin=_origin(event),
        seq=event.seq if event.origin != NOWHERE else None,
    )


def _origin(event: SecurityEvent) -> str:
    """ "Firefox on Linux · Lausanne (approximate) · 203.0.113.7"; "" where a worker or a command did it."""
    if event.origin == NOWHERE:
        return ""
    place = _("%(place)s (approximate)") % {"place": event.place} if event.place else _("Place unknown")
    return DOT.join(filter(None, (event.browser, place, event.ip)))

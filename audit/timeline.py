"""Events as the activity page shows them: by day, in words."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, cast

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from audit.events import Category, event_of
from lib import clock, user_agent
from lib.origin import NOWHERE
from lib.place import approximate_place

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from audit.models import SecurityEvent
    from lib.origin import Origin

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
    zone = get_current_timezone()
    by_day = groupby(((event.created_at.astimezone(zone), event) for event in events), key=lambda pair: pair[0].date())
    days = [list(pairs) for _date, pairs in by_day]
    words = Words()
    return [Day(pairs[0][0], [_line(when, event, words) for when, event in pairs]) for pairs in days]


def _line(when: datetime, event: SecurityEvent, words: Words) -> Line:
    kind, origin = event.event, event.origin
    # Other events than sign-ins say themselves what they rested on.
    method = event.details.get("method", "") if kind.category == Category.SIGN_IN else ""
    return Line(
        icon=kind.category.icon,
        words=event.in_words(words.of_event(event.slug)),
        when=when.isoformat(timespec="seconds"),
        time=f"{when:%H:%M} {clock.zone_of(when)}",
        origin=DOT.join(filter(None, (words.of_proof(method), words.of_origin(origin)))),
        seq=event.seq if origin != NOWHERE else None,
    )


class Words:
    """For one page and its language: most events come from one or two places, by one or two methods."""

    def __init__(self) -> None:
        self.of_event, self.of_proof, self.of_origin = cache(_of_event), cache(_of_proof), cache(_of_origin)


def _of_event(slug: str) -> str:
    return str(event_of(slug).words)


def _of_proof(method: str) -> str:
    return cast("str", import_string(settings.PROOF_LABEL)(method)) if method else ""


def _of_origin(origin: Origin) -> str:
    """ "Firefox on Linux · Lausanne (approximate) · 203.0.113.7"; "" where a worker or a command did it."""
    if origin == NOWHERE:
        return ""
    browser = user_agent.describe(origin.user_agent) if origin.user_agent else ""
    place = approximate_place(origin.ip)
    where = _("%(place)s (approximate)") % {"place": place} if place else _("Place unknown")
    return DOT.join(filter(None, (browser, where, origin.ip)))

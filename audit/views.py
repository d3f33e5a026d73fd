"""What happened to the person's account, to read and to take away."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit import spreadsheet, timeline
from audit.events import Category
from audit.models import SecurityEvent
from lib.prepared import PreparedSelect

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.requests import SignedInRequest
    from lib.slots import Given

PAGE_SIZE = 50
LONGEST_NUMBER = 18  # digits that every database can compare


@require_safe
def activity(request: SignedInRequest) -> HttpResponse:
    """One page of the events, newest first; ?show= names a category, ?before= the event that ends the page before."""
    show = request.GET.get("show", "")
    before = request.GET.get("before", "")
    show = show if show in Category else ""
    if is_number(before):
        found = _page(show, goes_on=True).rows(user=request.user.pk, before=int(before))
    else:
        found = _page(show, goes_on=False).rows(user=request.user.pk)
    context = {
        "show": show,
        "categories": Category,
        "days": timeline.days_of(found[:PAGE_SIZE]),
        "older": found[PAGE_SIZE - 1].seq if len(found) > PAGE_SIZE else None,
        "is_first": not is_number(before),
    }
    return render(request, "audit/activity.html", context)


@cache
def _page(category: str, *, goes_on: bool) -> PreparedSelect[SecurityEvent]:
    """One event more than a page, so that it shows whether there are older ones."""

    def build(given: Given) -> QuerySet[SecurityEvent]:
        events = SecurityEvent.objects.of(given.user)
        events = events.in_category(category) if category else events
        return (events.filter(seq__lt=given.before) if goes_on else events)[: PAGE_SIZE + 1]

    return PreparedSelect(build)


@require_safe
def export(request: SignedInRequest) -> HttpResponse:
    events = SecurityEvent.objects.of(request.user)
    return HttpResponse(
        spreadsheet.csv_of(events.iterator()),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="activity.csv"'},
    )


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER

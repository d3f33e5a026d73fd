"""What happened to the person's account, to read and to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit import spreadsheet, timeline
from audit.events import Category
from audit.models import SecurityEvent

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest

PAGE_SIZE = 50
LONGEST_NUMBER = 18  # digits that every database can compare


@require_safe
def activity(request: SignedInRequest) -> HttpResponse:
    """One page of the events, newest first; ?show= names a category, ?before= the event that ends the page before."""
    show = request.GET.get("show", "")
    before = request.GET.get("before", "")
    events = SecurityEvent.objects.of(request.user)
    if show in Category:
        events = events.in_category(show)
    if is_number(before):
        events = events.filter(seq__lt=int(before))
    found = list(events[: PAGE_SIZE + 1])
    context = {
        "show": show if show in Category else "",
        "categories": Category,
        "days": timeline.days_of(found[:PAGE_SIZE]),
        "older": found[PAGE_SIZE - 1].seq if len(found) > PAGE_SIZE else None,
        "is_first": not is_number(before),
    }
    return render(request, "audit/activity.html", context)


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

"""The first page: how well the account is protected, and the one next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.sessions.models import Session
from audit import timeline
from audit.models import SecurityEvent
from lib import clock
from lib.prepared import PreparedSelect
from twofactor import registry
from twofactor.checkup import actions as checkup
from twofactor.devices.lost import question_about
from twofactor.overview.card import cards_for
from twofactor.overview.steps import steps_of

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import SignedInRequest

MOST_BROWSERS = 4
MOST_EVENTS = 4
_SIGNED_IN = PreparedSelect(
    lambda given: Session.objects.live(given.now).filter(user=given.user).order_by("-last_seen_at")[:MOST_BROWSERS]
)
_LATEST = PreparedSelect(lambda given: SecurityEvent.objects.of(given.user)[:MOST_EVENTS])
WELL, ALMOST = 4, 2  # steps done


@require_safe
def security(request: SignedInRequest) -> HttpResponse:
    rows = registry.devices_by_method(request.user)
    steps = steps_of(request.user, rows)
    score = sum(step.is_done for step in steps)
    signed_in = _SIGNED_IN.rows(user=request.user.pk, now=clock.now())
    here = request.session.row
    context = {
        "rows": [(method, devices) for method, devices in rows if devices or not method.is_backup],
        "is_on": steps[1].is_done,
        "steps": steps,
        "score": score,
        "is_well": score == WELL,
        "is_almost": score >= ALMOST,
        "next_step": next((step for step in steps if not step.is_done), None),
        "first_name": request.user.first_name,
        "here": here,
        "others": [session for session in signed_in if session != here],
        "days": timeline.days_of(_LATEST.rows(user=request.user.pk)),
        "cards": cards_for(request),
        "is_check_up_due": checkup.is_due(request.user, rows),
        "lost": question_about(rows),
    }
    return render(request, "twofactor/overview/security.html", context)

"""Where the person is signed in, and where they were; signing out there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.login.actions import sign_out_elsewhere, sign_out_everywhere
from accounts.sessions import actions
from accounts.sessions.models import Session
from accounts.sudo.decorators import require_sudo
from lib import clock
from lib.form_page import post_only

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import SignedInRequest

MOST_SHOWN = 100
MOST_ENDED = 20


@require_safe
def sessions(request: SignedInRequest) -> HttpResponse:
    now = clock.now()
    mine = Session.objects.filter(user=request.user)
    live = list(mine.live(now).order_by("-last_seen_at")[:MOST_SHOWN])
    here = request.session.row
    context = {
        "here": here,
        "others": [session for session in live if here is None or session.pk != here.pk],
        "ended": mine.ended_lately(now)[:MOST_ENDED],
    }
    return render(request, "accounts/sessions/sessions.html", context)


@require_sudo
@post_only
def end(request: SignedInRequest, session_id: int) -> HttpResponse:
    """One of the person's own; somebody else's, or one that is over, is as good as none."""
    session = get_object_or_404(Session.objects.live(clock.now()).filter(user=request.user), pk=session_id)
    actions.end_one(session, request=request)
    messages.success(request, _("%(browser)s is signed out.") % {"browser": session.browser})
    return redirect("accounts:sessions:sessions")


@require_sudo
@post_only
def end_others(request: SignedInRequest) -> HttpResponse:
    sign_out_elsewhere(request)
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("accounts:sessions:sessions")


@require_sudo
@post_only
def end_all(request: SignedInRequest) -> HttpResponse:
    """Here as well."""
    sign_out_everywhere(request)
    return redirect("accounts:login:sign_in")

"""The page behind "This wasn't me", from a mail and from the activity page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.sudo.actions import own_sudo
from accounts.sudo.decorators import no_sudo, require_sudo
from audit.models import SecurityEvent
from twofactor.not_me import actions, steps
from twofactor.not_me.facts import change_recorded_by, change_taken_back, plan_behind, sighting_of, told_by
from twofactor.not_me.link import open_link

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request, SignedInRequest
    from twofactor.not_me.models import NotMe

LONGEST_NUMBER = 10**18  # every database can compare it


@login_not_required
@no_sudo("the link itself is the proof, and all that it does is to keep people out")
@require_http_methods(["GET", "HEAD", "POST"])
def lock(request: Request, token: str) -> HttpResponse:
    """Works signed out, in any browser. GET only shows a button: mail scanners open links, and must not lock anyone."""
    link = open_link(token)
    if link is not None and request.method != "POST":
        return _page(request, link)

    if link is None or not actions.lock_by_link(link, origin=request.origin):
        return render(request, "twofactor/not_me/over.html", status=410)
    return redirect("twofactor:not_me:locked")


def _page(request: Request, link: NotMe) -> HttpResponse:
    """In the language and the time of the person, who need not be signed in."""
    plan = plan_behind(link.change)
    context = {"sightings": told_by(link), "change": change_taken_back(link), "plan": plan}
    with timezone.override(link.user.zone), translation.override(link.user.language):
        return render(request, "twofactor/not_me/lock.html", context)


@login_not_required
@require_GET
def locked(request: Request) -> HttpResponse:
    return render(request, "twofactor/not_me/locked.html")


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def lock_from_activity(request: SignedInRequest, seq: int) -> HttpResponse:
    """The same for an event of one's own that no mail told of, or whose link is over."""
    event = get_object_or_404(SecurityEvent.objects.of(request.user), seq=min(seq, LONGEST_NUMBER))
    if request.method != "POST":
        plan = plan_behind(change_recorded_by(event))
        context = {"sightings": [sighting_of(event)], "may_secure": True, "plan": plan}
        return render(request, "twofactor/not_me/lock.html", context)

    actions.lock_own(by=own_sudo(request), event_id=event.pk, origin=request.origin)
    return redirect("twofactor:not_me:locked")


@require_GET
def secure(request: SignedInRequest) -> HttpResponse:
    """Steps to look through after a fright. Nothing is ended or changed without a word here."""
    return render(request, "twofactor/not_me/secure.html", steps.of_person(request))


@require_sudo
@require_POST
def sign_out_others(request: SignedInRequest) -> HttpResponse:
    actions.sign_out_others(by=own_sudo(request), request=request)
    messages.success(request, _("Every other browser is signed out."))
    return redirect("twofactor:not_me:secure")

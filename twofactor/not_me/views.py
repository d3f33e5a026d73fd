"""The page behind "This wasn't me", from a mail and from the activity page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.login.next_url import came_from
from accounts.sudo.actions import own_sudo
from accounts.sudo.decorators import no_sudo, require_sudo
from audit.models import SecurityEvent
from lib import languages
from lib.form_page import post_only
from twofactor.not_me import actions, steps
from twofactor.not_me.facts import change_taken_back, sighting_of, told_by
from twofactor.not_me.link import open_link

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request, SignedInRequest
    from twofactor.not_me.models import NotMe

LONGEST_DIGITS = 18  # every database can compare them
LONGEST_NUMBER = 10**LONGEST_DIGITS


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
    context = {"sightings": told_by(link), "change": change_taken_back(link)}
    with timezone.override(link.user.zone), translation.override(languages.spoken(link.user.language)):
        return render(request, "twofactor/not_me/lock.html", context)


@login_not_required
@require_safe
def locked(request: Request) -> HttpResponse:
    return render(request, "twofactor/not_me/locked.html")


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def lock_from_activity(request: SignedInRequest, seq: int) -> HttpResponse:
    """The same for an event of one's own that no mail told of, or whose link is over."""
    event = get_object_or_404(SecurityEvent.objects.of(request.user), seq=min(seq, LONGEST_NUMBER))
    if request.method != "POST":
        context = {"sightings": [sighting_of(event)], "may_secure": True, "event": event}
        return render(request, "twofactor/not_me/lock.html", context)

    actions.lock_own(by=own_sudo(request), origin=request.origin)
    return redirect("twofactor:not_me:locked")


@require_safe
def secure(request: SignedInRequest) -> HttpResponse:
    """Steps to look through after a fright. Nothing is ended or changed without a word here."""
    asked = request.GET.get("event", "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) <= LONGEST_DIGITS
    context = {"look": steps.Look(request, int(asked) if is_number else None), "here": request.get_full_path()}
    return render(request, "twofactor/not_me/secure.html", context)


@no_sudo("It notes in this session what its owner has looked at, and changes nothing else")
@post_only
def note_seen(request: SignedInRequest) -> HttpResponse:
    name = request.POST.get("step", "")
    if name not in steps.NAMES:
        raise Http404
    steps.note_seen(request, name)
    return redirect(came_from(request) or "twofactor:not_me:secure")


@require_sudo
@post_only
def sign_out_others(request: SignedInRequest) -> HttpResponse:
    actions.sign_out_others(by=own_sudo(request), request=request)
    messages.success(request, _("Every other browser is signed out."))
    return redirect(came_from(request) or "twofactor:not_me:secure")

"""The browsers that skip the second step, and the switch that lets none do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.sudo.decorators import require_sudo
from lib.form_page import post_only
from twofactor.trusted_browsers import actions, cookie
from twofactor.trusted_browsers.forms import EveryTimeForm
from twofactor.trusted_browsers.models import TrustedBrowser

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import SignedInRequest

MOST_SHOWN = 100


@require_safe
def browsers(request: SignedInRequest) -> HttpResponse:
    shown = cookie.shown_by(request)
    remembered = TrustedBrowser.objects.of(request.user).order_by("-last_used_at")[:MOST_SHOWN]
    context = {"browsers": remembered, "here": shown.series_digest if shown else ""}
    return render(request, "twofactor/trusted_browsers/browsers.html", context)


@require_sudo
@post_only
def forget(request: SignedInRequest, pk: int) -> HttpResponse:
    browser = get_object_or_404(TrustedBrowser.objects.of(request.user), pk=pk)
    actions.forget(browser, origin=request.origin)
    messages.success(request, _("%(browser)s asks for the second step again.") % {"browser": browser.name})
    return redirect("twofactor:trusted_browsers:browsers")


@require_sudo
@post_only
def forget_all(request: SignedInRequest) -> HttpResponse:
    actions.forget_all(request.user, origin=request.origin)
    messages.success(request, _("Every browser asks for the second step again."))
    return redirect("twofactor:trusted_browsers:browsers")


@require_sudo
@post_only
def every_time(request: SignedInRequest) -> HttpResponse:
    form = EveryTimeForm(request.POST)
    if not form.is_valid():
        raise BadRequest
    wanted = form.cleaned_data["wanted"] == "on"
    actions.ask_every_time(request, wanted=wanted)
    messages.success(
        request, _("We ask every time you open your browser.") if wanted else _("We no longer ask every time.")
    )
    return redirect("twofactor:devices:overview")

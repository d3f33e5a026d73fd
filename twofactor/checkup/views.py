"""The question, its test, and tomorrow."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.sudo.decorators import no_sudo
from lib.form_page import post_only
from twofactor.checkup import actions
from twofactor.checkup.models import CheckUp

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import SignedInRequest


@no_sudo("it only leads to the page that asks for an answer")
@require_http_methods(["GET", "HEAD", "POST"])
def check_up(request: SignedInRequest) -> HttpResponse:
    """POST goes on to a real answer, by any method; GET asks, and afterwards says how it went."""
    if not request.user.protection:
        return redirect("twofactor:devices:overview")
    if request.method == "POST":
        actions.start(request)
        return redirect(f"{reverse('twofactor:challenge:confirm')}?{urlencode({'next': request.path})}")
    row = CheckUp.objects.filter(user=request.user).first()
    return render(request, "twofactor/checkup/check_up.html", {"passed_at": row and row.passed_at})


@no_sudo("it puts a question off and changes nothing else")
@post_only
def tomorrow(request: SignedInRequest) -> HttpResponse:
    actions.ask_tomorrow(request.user)
    return redirect("twofactor:devices:overview")

"""Signing up, and confirming the address."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from accounts.signup import actions
from accounts.signup.forms import SignUpForm
from accounts.signup.models import Invitation, SignUp
from lib import limits, links

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request

PER_NETWORK = limits.Limit(name="signup.network", times=60, period=timedelta(hours=1))
PER_ADDRESS = limits.Limit(name="signup.address", times=5, period=timedelta(hours=1))


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: Request) -> HttpResponse:
    invitation = invitation_of(request)
    if settings.SIGNUP == "closed":
        return render(request, "accounts/signup/closed.html", status=403)
    if settings.SIGNUP == "invitation" and invitation is None:
        return render(request, "accounts/signup/by_invitation.html", status=403)

    form = SignUpForm(request.POST if request.method == "POST" else None, invitation=invitation)
    if form.is_valid():
        limits.reserve(PER_NETWORK, request.origin.network)
        limits.reserve(PER_ADDRESS, form.cleaned_data["email"])
        actions.ask_sign_up(**form.cleaned_data, invitation=invitation)
        return redirect("accounts:signup:sent")
    return render(request, "accounts/signup/sign_up.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@require_GET
def sent(request: Request) -> HttpResponse:
    return render(request, "accounts/signup/sent.html")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: Request, token: str) -> HttpResponse:
    """GET only shows a button: mail scanners open links, and must not confirm anything by it."""
    row_id = links.row_id_of("sign_up", token)
    pending = SignUp.objects.open().filter(pk=row_id or 0).first()
    if pending is None:
        return render(request, "accounts/signup/over.html", status=410)
    if request.method != "POST":
        return render(request, "accounts/signup/verify.html", {"name": pending.name, "email": pending.email})

    if actions.verify_sign_up(pending, origin=request.origin) is None:
        return render(request, "accounts/signup/over.html", status=410)
    messages.success(request, _("Your account is ready. Sign in with your email and password."))
    return redirect("accounts:login:sign_in")


def invitation_of(request: Request) -> Invitation | None:
    row_id = links.row_id_of("invitation", request.GET.get("invitation", ""))
    return Invitation.objects.open().filter(pk=row_id or 0).first()

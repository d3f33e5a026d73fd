"""Signing up, and confirming the address."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.hashers import check_password
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.login.actions import NAME_KEY
from accounts.signup import actions
from accounts.signup.forms import SignUpForm, VerifyForm
from accounts.signup.models import Invitation, SignUp
from accounts.sudo.decorators import no_sudo
from accounts.user.typed_password import spellings
from lib import addresses, limits, links

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request

PER_NETWORK = limits.Limit(name="signup.network", times=60, period=timedelta(hours=1))
# Before anything is judged: a range service for leaked passwords is asked about each, and may take its time.
TRIES_PER_NETWORK = limits.Limit(name="signup.tries", times=300, period=timedelta(hours=1))
TRIES_PER_LINK = limits.Limit(name="signup.verify", times=10, period=timedelta(hours=1))
SESSION_KEY = "sign_up"  # the sign-up that was made in this browser
EMAIL_KEY = "sign_up_email"  # what was typed here, known or not: the next page repeats it
PER_ADDRESS = limits.Limit(name="signup.address", times=5, period=timedelta(hours=1))


@no_sudo("There is no account yet that could confirm")
@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: Request) -> HttpResponse:
    invitation = invitation_of(request)
    if settings.SIGNUP == "closed":
        return render(request, "accounts/signup/closed.html", status=403)
    if settings.SIGNUP == "invitation" and invitation is None:
        return render(request, "accounts/signup/by_invitation.html", status=403)

    if request.method == "POST":
        limits.reserve(TRIES_PER_NETWORK, request.origin.network)
    form = SignUpForm(request.POST if request.method == "POST" else None, invitation=invitation)
    if form.is_valid():
        limits.reserve(PER_NETWORK, request.origin.network)
        limits.reserve(PER_ADDRESS, addresses.compared(form.cleaned_data["email"]))
        pending = actions.ask_sign_up(**form.cleaned_data, invitation=invitation)
        request.session[SESSION_KEY] = pending.pk if pending else None
        request.session[EMAIL_KEY] = form.cleaned_data["email"]
        return redirect("accounts:signup:sent")
    return render(request, "accounts/signup/sign_up.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@require_safe
def sent(request: Request) -> HttpResponse:
    return render(request, "accounts/signup/sent.html", {"email": request.session.get(EMAIL_KEY, "")})


@no_sudo("The link from the mailbox is the proof")
@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: Request, token: str) -> HttpResponse:
    """GET only shows a form: mail scanners open links, and must not confirm anything by it.

    In another browser than the one that signed up, the password is asked: else a stranger could sign up with somebody's
    address and a password of their own, and the owner of the mailbox would open that account by one click.
    """
    row_id = links.row_id_of("sign_up", token)
    pending = SignUp.objects.open().filter(pk=row_id or 0).first()
    if pending is None:
        return render(request, "accounts/signup/over.html", status=410)
    is_same_browser = request.session.get(SESSION_KEY) == pending.pk
    form = VerifyForm(request.POST if request.method == "POST" else None, asks_password=not is_same_browser)
    if form.is_valid():
        if is_same_browser or knows_password(pending, form.cleaned_data["password"]):
            return open_account(request, pending)
        form.refuse()
    context = {"form": form, "name": pending.name, "email": pending.email}
    return render(request, "accounts/signup/verify.html", context, status=422 if form.errors else 200)


def knows_password(pending: SignUp, password: str) -> bool:
    limits.reserve(TRIES_PER_LINK, pending.pk)
    return any(check_password(spelling, pending.password) for spelling in spellings(password))


def open_account(request: Request, pending: SignUp) -> HttpResponse:
    if actions.verify_sign_up(pending, origin=request.origin) is None:
        return render(request, "accounts/signup/over.html", status=410)
    request.session.pop(EMAIL_KEY, None)
    if request.session.pop(SESSION_KEY, None) is not None:
        request.session[NAME_KEY] = pending.email
    messages.success(request, _("Your account is ready. Sign in with your email and password."))
    return redirect("accounts:login:sign_in")


def invitation_of(request: Request) -> Invitation | None:
    row_id = links.row_id_of("invitation", request.GET.get("invitation", ""))
    return Invitation.objects.open().filter(pk=row_id or 0).first()

"""Change the password, or get a new one by mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.login.actions import AttemptIsOver, begin
from accounts.login.next_url import came_from
from accounts.password import actions
from accounts.password.forms import ChangePasswordForm, ForgotPasswordForm, NewPasswordForm
from accounts.password.models import PasswordReset
from accounts.sudo.actions import check_own_password
from accounts.sudo.decorators import no_sudo, require_sudo
from accounts.user.models import User
from accounts.user.typed_login import canonical
from lib import limits, links
from lib.even_time import at_least

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request, SignedInRequest

LINKS_PER_PERSON = limits.Limit(name="reset.person", times=5, period=timedelta(hours=1))
TRIES_PER_LINK = limits.Limit(
    name="reset.tries", times=20, period=timedelta(hours=1)
)  # the form of one tells of another
ASKING_TAKES = timedelta(milliseconds=30)  # always: for a person there are rows to write, for nobody there are none
LINKS_PER_NETWORK = limits.Limit(name="reset.network", times=60, period=timedelta(hours=1))


@require_sudo
@sensitive_post_parameters("current_password", "password")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: SignedInRequest) -> HttpResponse:
    form = ChangePasswordForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        if check_own_password(request, form.cleaned_data["current_password"]):
            password = form.cleaned_data["password"]
            actions.change_password(request.user, password, session=request.session, origin=request.origin)
            messages.success(request, _("Your password is changed. Other browsers were signed out."))
            return redirect(came_from(request) or "accounts:password:change")
        form.refuse()
    return render(request, "accounts/password/change.html", {"form": form}, status=422 if form.errors else 200)


@no_sudo("Signed-out people ask for a link; it goes to the owner's mailbox")
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def forgot(request: Request) -> HttpResponse:
    form = ForgotPasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        login = form.cleaned_data["login"]
        limits.reserve(LINKS_PER_NETWORK, request.origin.network)
        limits.reserve(LINKS_PER_PERSON, canonical(login))
        with at_least(ASKING_TAKES):
            actions.ask_reset(login, origin=request.origin)
        return redirect("accounts:password:forgot_sent")
    return render(request, "accounts/password/forgot.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@require_safe
def forgot_sent(request: Request) -> HttpResponse:
    return render(request, "accounts/password/forgot_sent.html")


@no_sudo("The link from the mailbox is the proof")
@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: Request, token: str) -> HttpResponse:
    row_id = links.row_id_of("password_reset", token)
    link = PasswordReset.objects.open().filter(pk=row_id or 0).select_related("user").first()
    if link is None:
        return render(request, "accounts/password/reset_over.html", status=410)

    if request.method == "POST":
        limits.reserve(TRIES_PER_LINK, link.pk)
    form = NewPasswordForm(request.POST if request.method == "POST" else None, user=link.user)
    if form.is_valid():
        if not actions.reset_password(link, form.cleaned_data["password"], origin=request.origin):
            return render(request, "accounts/password/reset_over.html", status=410)
        return _go_on(request, was_locked=link.user.is_locked, user_id=link.user_id)
    return render(request, "accounts/password/reset.html", {"form": form}, status=422 if form.errors else 200)


def _go_on(request: Request, *, was_locked: bool, user_id: int) -> HttpResponse:
    """To the sign-in; from a locked account with a second step straight to that step, which opens it.

    Never in by the link alone, whoever has none (OWASP, Forgot Password).
    """
    user = User.objects.get(pk=user_id)
    next_url = reverse(settings.UNLOCKED_REDIRECT_URL) if was_locked else ""
    if was_locked and user.is_locked:
        try:
            return redirect(begin(request, user, next_url=next_url))
        except AttemptIsOver:  # by another link of the same person, since a moment ago
            return redirect("accounts:login:sign_in")
    messages.success(request, _("Your new password works now. Sign in with it."))
    address = reverse("accounts:login:sign_in")
    return redirect(f"{address}?{urlencode({'next': next_url})}" if next_url else address)

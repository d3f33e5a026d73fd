"""The password step, help, signing out."""

from __future__ import annotations

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

from accounts.login import actions
from accounts.login.forms import SignInForm
from accounts.login.next_url import next_of
from accounts.password.check import check_login
from accounts.sudo.decorators import no_sudo
from lib.form_page import post_only

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request


@no_sudo("Signing in is what gives a session its first proof")
@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: Request) -> HttpResponse:
    next_url = next_of(request)
    if request.user.is_authenticated:
        return redirect(next_url)

    login = request.GET.get("login", "") or request.session.get(actions.NAME_KEY, "")
    form = SignInForm(
        request.POST if request.method == "POST" else None,
        initial={"next": request.GET.get("next", ""), "login": login},
    )
    if form.is_valid():
        user = check_login(form.cleaned_data["login"], form.cleaned_data["password"], origin=request.origin)
        if user is None:
            form.refuse()
        else:
            try:
                return redirect(actions.begin(request, user, next_url=next_url))
            except actions.AttemptIsOver:
                form.refuse_changed()
    context = {"form": form, "signup_mode": settings.SIGNUP, **demo_people()}
    return render(request, "accounts/login/sign_in.html", context, status=422 if form.errors else 200)


@login_not_required
@require_safe
def help(request: Request) -> HttpResponse:  # noqa: A001 - the page's word: URL, template and test carry it too
    return render(request, "accounts/login/help.html", {"is_pending": actions.attempt_of(request) is not None})


@no_sudo("Leaving must always be possible")
@login_not_required
@post_only
def sign_out(request: Request) -> HttpResponse:
    """With "next" for whoever wants to be there as somebody else."""
    next_url = next_of(request) if "next" in request.POST else ""
    actions.sign_out(request)
    messages.success(request, _("You are signed out."))
    sign_in_page = reverse("accounts:login:sign_in")
    # No copy stays behind (ASVS 14.3.1): every page is no-store. Clear-Site-Data would add nothing but seconds in
    # which browsers look through the files of all sites; and "storage" holds the keys of a phone's authenticator.
    return redirect(f"{sign_in_page}?{urlencode({'next': next_url})}" if next_url else sign_in_page)


def demo_people() -> dict[str, object]:
    """The demo names its people on the sign-in page; anywhere else there are none."""
    return {"demo_people": settings.DEMO_PEOPLE, "demo_password": settings.DEMO_PASSWORD} if settings.DEMO else {}

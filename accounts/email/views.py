"""Change the address, confirm it, stop it; help for people who forgot which one they signed up with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.email import actions
from accounts.email.forms import ChangeEmailForm
from accounts.email.models import EmailChange
from accounts.login.next_url import came_from
from accounts.sudo.actions import own_sudo
from accounts.sudo.decorators import keeps, no_sudo, require_sudo
from lib import addresses, limits, links
from lib.form_page import post_only

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request, SignedInRequest

PER_PERSON = limits.Limit(name="email.person", times=10, period=timedelta(hours=1))
PER_ADDRESS = limits.Limit(name="email.address", times=5, period=timedelta(hours=1))


@require_sudo
@keeps("email")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: SignedInRequest) -> HttpResponse:
    typed = request.POST if request.method == "POST" else None
    pending = EmailChange.objects.open().filter(user=request.user).first()
    initial = {"email": pending.new_email if pending else "", **request.kept_input}
    form = ChangeEmailForm(typed, user=request.user, initial=initial)
    if form.is_valid():
        email = form.cleaned_data["email"]
        limits.reserve(PER_PERSON, request.user.pk)
        limits.reserve(PER_ADDRESS, addresses.compared(email))
        actions.ask_change(email, by=own_sudo(request), origin=request.origin)
        messages.info(request, _("Check the mailbox of %(email)s and open the link in our mail.") % {"email": email})
        return redirect("accounts:email:change")
    context = {"form": form, "pending": pending}
    return render(request, "accounts/email/change.html", context, status=422 if form.errors else 200)


@require_sudo
@post_only
def cancel(request: SignedInRequest) -> HttpResponse:
    actions.cancel_change(by=own_sudo(request), origin=request.origin)
    messages.success(request, _("The change is stopped. Your email stays as it is."))
    return redirect(came_from(request) or "accounts:email:change")


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: SignedInRequest, token: str) -> HttpResponse:
    """GET only shows a button: mail scanners open links, and must not confirm anything by it."""
    change = EmailChange.objects.open().filter(pk=links.row_id_of("email_verify", token) or 0).first()
    if change is not None and change.user_id != request.user.pk:
        return render(request, "accounts/email/other_account.html", status=403)
    if change is not None and request.method != "POST":
        return render(request, "accounts/email/verify.html", {"change": change})

    if change is None or not actions.confirm_change(change, by=own_sudo(request), request=request):
        return render(request, "accounts/email/over.html", status=410)
    messages.success(request, _("Your email is changed. From now on you sign in with it."))
    return redirect("accounts:email:change")


@login_not_required
@no_sudo("the link itself is the proof, and it only gives back what was")
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: Request, token: str) -> HttpResponse:
    """Works signed out: whoever reads this mail may have lost the account already. GET only shows a button."""
    change = EmailChange.objects.stoppable().filter(pk=links.row_id_of("email_stop", token) or 0).first()
    if change is None:
        return render(request, "accounts/email/stop_over.html", status=410)
    if request.method != "POST":
        return render(request, "accounts/email/stop.html", {"change": change})

    if not actions.stop_change(change, origin=request.origin):
        return render(request, "accounts/email/stop_over.html", status=410)
    messages.success(request, _("The change is stopped and every browser is signed out. Now set a new password."))
    return redirect("accounts:password:forgot")


@login_not_required
@require_safe
def forgot(request: Request) -> HttpResponse:
    return render(request, "accounts/email/forgot.html")

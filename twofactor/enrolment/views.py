"""A first second factor: asked for by mail where the place is new, and undone by mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.login.next_url import next_of
from accounts.sudo.decorators import no_sudo
from lib import limits, links
from lib.mask import masked_email
from twofactor.devices.actions import undo_first
from twofactor.enrolment import actions
from twofactor.enrolment.models import CHECK_LIFETIME, EmailCheck
from twofactor.enrolment.proof import awaited, must_confirm, own_undo

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request, SignedInRequest

MAILS = limits.Limit(name="enrolment.mails", times=5, period=timedelta(hours=1))


@no_sudo("it sends a mail to the person's own address, and opens nothing")
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: SignedInRequest) -> HttpResponse:
    """GET never sends: a reload must not either."""
    next_url = next_of(request)
    if request.user.protection or not must_confirm(request):
        return redirect(next_url)
    if request.method == "POST":
        limits.reserve(MAILS, request.user.pk)
        actions.ask_by_email(request, next_url=next_url)
        return redirect(request.get_full_path())
    addresses = [masked_email(email) for email in awaited(request)]
    sent = EmailCheck.objects.open().filter(session=request.session.row).exists()
    context = {"addresses": addresses, "sent": sent, "minutes": CHECK_LIFETIME.seconds // 60}
    return render(request, "twofactor/enrolment/check.html", context)


@no_sudo("the link from the mail is the proof; the page that it opens asks for sudo")
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: SignedInRequest, token: str) -> HttpResponse:
    """GET only shows a button. The link counts in the session that asked: the owner's click does not help a thief."""
    asked = EmailCheck.objects.open().filter(pk=links.row_id_of("enrolment_check", token) or 0).first()
    if asked is not None and asked.session != request.session.row:
        return render(request, "twofactor/enrolment/other_browser.html", status=403)
    if asked is not None and request.method != "POST":
        return render(request, "twofactor/enrolment/confirm.html")

    if asked is None or not actions.confirm_by_email(asked, origin=request.origin):
        return render(request, "twofactor/enrolment/confirm_over.html", status=410)
    is_enough = not must_confirm(request)  # else another address has not answered yet
    if is_enough:
        messages.success(request, _("Your email is confirmed. Now set up your second step."))
    return redirect(
        asked.next_url if is_enough else f"{reverse('twofactor:enrolment:check')}?{urlencode({'next': asked.next_url})}"
    )


@login_not_required
@no_sudo("the link itself is the proof; it signs nobody in and asks for a new password")
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: Request, token: str) -> HttpResponse:
    """Works signed out: whoever reads this mail may be locked out already. GET only shows a button."""
    proof = own_undo(token)
    if proof is not None and request.method != "POST":
        return render(request, "twofactor/enrolment/undo.html")

    if proof is None or not undo_first(by=proof, origin=request.origin):
        return render(request, "twofactor/enrolment/undo_over.html", status=410)
    messages.success(request, _("Two-step verification is off, and everyone is signed out. Now set a new password."))
    return redirect("accounts:password:forgot_sent")

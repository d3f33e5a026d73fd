"""Turning a code app on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.sudo.decorators import require_sudo
from lib import codes
from twofactor.devices.actions import has_room
from twofactor.methods.totp import actions, qr, setup
from twofactor.methods.totp.forms import AddForm
from twofactor.methods.totp.models import TOTPDevice

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import SignedInRequest


@require_sudo
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    if not has_room(request.user, TOTPDevice):
        messages.error(request, _("You have as many code apps as there can be. Remove one first."))
        return redirect("twofactor:devices:overview")

    form = AddForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if actions.confirm_setup(request, code=form.cleaned_data["code"], name=form.cleaned_data["name"]):
            messages.success(request, _("Two-step verification is on."))
            return redirect("twofactor:devices:overview")
        form.refuse()
    pending = setup.present(request)
    context = {
        "form": form,
        "secret_groups": codes.grouped(pending.secret),
        "otpauth_uri": pending.uri,
        "qr_svg": qr.svg(pending.uri, label=_("QR code to scan with your code app")),
    }
    return render(request, "twofactor/methods/totp/add.html", context, status=422 if form.errors else 200)

"""Turning a code app on, and replacing one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.sudo.decorators import keeps, require_sudo
from lib import codes
from twofactor import qr
from twofactor.devices.actions import TooManyDevices
from twofactor.devices.owned import has_room
from twofactor.methods.totp import actions, setup
from twofactor.methods.totp.forms import AddForm, ReplaceForm
from twofactor.methods.totp.models import TOTPDevice

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import SignedInRequest


@require_sudo
@keeps("name")
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    if not has_room(request.user, TOTPDevice):
        messages.error(request, _("You have as many code apps as there can be. Remove one first."))
        return redirect("twofactor:devices:overview")

    is_first = not request.user.protection
    form = AddForm(request.POST if request.method == "POST" else None, initial=request.kept_input)
    if form.is_valid():
        code, name = form.cleaned_data["code"], form.cleaned_data["name"]
        try:
            next_page = actions.confirm_setup(request, code=code, name=name)
        except TooManyDevices:  # another window was quicker
            return redirect(request.path)
        if next_page:
            messages.success(request, added(name, is_first=is_first))
            return redirect(next_page)
        form.refuse(setup.hint(setup.present(request), request, code))
    context = {"form": form, **setup_context(request)}
    return render(request, "twofactor/methods/totp/add.html", context, status=422 if form.errors else 200)


@require_sudo
@keeps("name")
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: SignedInRequest, pk: int) -> HttpResponse:
    """Move to a new phone without a moment in which neither counts."""
    old = get_object_or_404(TOTPDevice, pk=pk, user=request.user, confirmed=True)
    initial = {"name": old.name, **request.kept_input}
    form = ReplaceForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        code, name = form.cleaned_data["code"], form.cleaned_data["name"]
        if actions.confirm_replacement(request, old, **form.cleaned_data):
            messages.success(request, _("“%(name)s” is set up. The old one stopped working.") % {"name": name})
            return redirect("twofactor:devices:overview")
        form.refuse(setup.hint(setup.present(request), request, code))
    context = {"form": form, "device": old, **setup_context(request)}
    return render(request, "twofactor/methods/totp/replace.html", context, status=422 if form.errors else 200)


def setup_context(request: SignedInRequest) -> dict[str, object]:
    """The new secret in the forms that apps read."""
    pending = setup.present(request)
    return {
        "secret_groups": codes.grouped(pending.secret),
        "otpauth_uri": pending.uri,
        "qr_svg": qr.svg(pending.uri, label=_("QR code to scan with your code app")),
    }


def added(name: str, *, is_first: bool) -> str:
    return _("Two-step verification is on.") if is_first else _("“%(name)s” is added.") % {"name": name}

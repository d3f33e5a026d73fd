"""Backup codes: shown once, saved, renewed; and what to do after one was used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.sudo.actions import own_sudo
from accounts.sudo.decorators import no_sudo, require_sudo
from twofactor.devices.actions import renew_backup
from twofactor.methods.backup_codes import actions
from twofactor.methods.backup_codes.forms import RenewForm, SavedForm
from twofactor.methods.backup_codes.models import HOW_MANY, BackupCodes

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest


@no_sudo("Only the codes themselves need it, and without it nobody sees them")
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request: SignedInRequest) -> HttpResponse:
    """The codes on the first visit, how many are left on later ones. The tick leads on."""
    present = get_object_or_404(BackupCodes, user=request.user)
    form = SavedForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        actions.note_saved(present, request=request)
        messages.success(request, ready() if present.is_first_set else _("Your backup codes are saved."))
        return redirect("twofactor:devices:overview")
    # HEAD would use up the one time they are shown, and show nothing.
    if request.method == "GET" and present.waits_for_web:
        return _first_visit(request, present, form)
    # Who forgot the tick gets the page again as it was.
    shown = actions.shown_again(present) if form.errors and request.session.has_sudo else []
    return _page(request, present, form, shown)


@require_sudo
def _first_visit(request: SignedInRequest, present: BackupCodes, form: SavedForm) -> HttpResponse:
    return _page(request, present, form, actions.show_once(present))


def _page(request: SignedInRequest, present: BackupCodes, form: SavedForm, shown: list[str]) -> HttpResponse:
    context = {"codes": shown, "form": form, "present": present, "how_many": HOW_MANY}
    return render(request, "twofactor/methods/backup_codes/codes.html", context, status=422 if form.errors else 200)


@require_sudo
@require_POST
def download(request: SignedInRequest) -> HttpResponse:
    """The codes as a text file, for as long as they may be shown."""
    present = get_object_or_404(BackupCodes, user=request.user)
    plain = actions.shown_again(present)
    if not plain:
        messages.error(request, _("We can't show these codes any more. Create new ones."))
        return redirect("twofactor:backup_codes:codes")
    context = {"codes": plain, "account": request.user, "made_on": present.created_at}
    text = render_to_string("twofactor/methods/backup_codes/codes.txt", context, request)
    name = slugify(f"{settings.PRODUCT_NAME} backup codes {request.user.name}")
    headers = {"Content-Disposition": f'attachment; filename="{name}.txt"'}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: SignedInRequest) -> HttpResponse:
    present = get_object_or_404(BackupCodes, user=request.user)
    form = RenewForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        renew_backup(BackupCodes, by=own_sudo(request), request=request, **form.cleaned_data)
        return redirect("twofactor:backup_codes:codes")
    return render(request, "twofactor/methods/backup_codes/renew.html", {"present": present, "form": form})


def ready() -> str:
    """The last word of turning it on, and what to do next."""
    add = (reverse("twofactor:devices:add"), _("Add a second way to sign in"))
    return format_html('{} <a href="{}">{}</a>', _("Two-step verification is on."), *add)

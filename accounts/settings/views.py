"""Settings, the download of one's own data, deleting the account and bringing it back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.settings import actions, consequences
from accounts.settings.forms import DeleteForm, SettingsForm
from accounts.settings.models import GRACE, Deletion
from accounts.sudo.actions import check_own_password, own_sudo
from accounts.sudo.decorators import no_sudo, require_sudo
from lib import languages, limits, links

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request, SignedInRequest

SAVES = limits.Limit(name="settings", times=60, period=timedelta(hours=1))  # each may leave an event
EXPORTS = limits.Limit(name="export", times=10, period=timedelta(hours=1))


@no_sudo("language and time zone open nothing; switching the alerts is told by mail")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest) -> HttpResponse:
    user = request.user
    present = {
        "language": languages.spoken(user.language),
        "time_zone": user.time_zone,
        "alerts": user.alerts_new_places,
    }
    form = SettingsForm(request.POST if request.method == "POST" else None, initial=present)
    if form.is_valid():
        limits.reserve(SAVES, user.pk)
        actions.change_settings(user, **form.cleaned_data, origin=request.origin)
        with translation.override(form.cleaned_data["language"]):  # the page that follows is in it
            messages.success(request, _("Your settings are saved."))
        return redirect("accounts:settings:edit")
    return render(request, "accounts/settings/edit.html", {"form": form}, status=422 if form.errors else 200)


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def export(request: SignedInRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "accounts/settings/export.html")

    limits.reserve(EXPORTS, request.user.pk)
    data = actions.export_account(by=own_sudo(request), origin=request.origin)
    answer = JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="account-{request.user.login_id}.json"'
    return answer


@require_sudo
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: SignedInRequest) -> HttpResponse:
    means = consequences.of_deleting(request.user)
    form = DeleteForm(request.POST if request.method == "POST" else None)
    if not means.obstacles and form.is_valid():
        if check_own_password(request, form.cleaned_data["password"]):
            return deleted(request)
        form.refuse()
    context = {"form": form, "means": means, "days": GRACE.days}
    is_refused = request.method == "POST"
    return render(request, "accounts/settings/delete.html", context, status=422 if is_refused else 200)


def deleted(request: SignedInRequest) -> HttpResponse:
    """After the right password: close the account, and leave nothing in this browser."""
    try:
        actions.delete_account(request, by=own_sudo(request))
    except actions.HasObstacles:  # since the page was checked: the page says which
        return redirect("accounts:settings:delete")
    messages.success(request, _("Your account is deleted. The link in our mail brings it back for 14 days."))
    return redirect("accounts:login:sign_in")


@login_not_required
@no_sudo("the link itself is the proof, and it signs nobody in")
@require_http_methods(["GET", "HEAD", "POST"])
def restore(request: Request, token: str) -> HttpResponse:
    """GET only shows a button: mail scanners open links, and must not bring anything back."""
    deletion = Deletion.objects.restorable().filter(pk=links.row_id_of("account_restore", token) or 0).first()
    if deletion is None:
        return render(request, "accounts/settings/restore_over.html", status=410)
    if request.method != "POST":
        return render(request, "accounts/settings/restore.html")

    if not actions.restore_account(deletion, origin=request.origin):
        return render(request, "accounts/settings/restore_over.html", status=410)
    messages.success(request, _("Your account is back. Sign in as before."))
    return redirect("accounts:login:sign_in")

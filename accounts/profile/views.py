"""Name and country."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.profile import actions
from accounts.profile.forms import ProfileForm
from accounts.sudo.actions import own_sudo
from accounts.sudo.decorators import keeps, require_sudo

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import SignedInRequest


@require_sudo
@keeps("name", "country")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest) -> HttpResponse:
    present = {"name": request.user.name, "country": request.user.country, **request.kept_input}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=present)
    if form.is_valid():
        actions.change_profile(**form.cleaned_data, by=own_sudo(request), origin=request.origin)
        messages.success(request, _("Your profile is saved."))
        return redirect("accounts:profile:edit")
    return render(request, "accounts/profile/edit.html", {"form": form}, status=422 if form.errors else 200)

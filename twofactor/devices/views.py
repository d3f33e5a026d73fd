"""The methods a person has: overview, add, rename, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from accounts.password.check import check_password
from accounts.sudo.actions import own_sudo
from accounts.sudo.decorators import require_sudo
from twofactor import registry
from twofactor.devices import actions
from twofactor.devices.forms import ChooseForm, RemoveForm, RenameForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import SignedInRequest
    from twofactor.method import Method
    from twofactor.second_factor import SecondFactor


@require_GET
def overview(request: SignedInRequest) -> HttpResponse:
    rows = [(method, list(method.devices_of(request.user))) for method in registry.METHODS]
    count = sum(len(devices) for _method, devices in rows)
    context = {"rows": rows, "is_on": count > 0, "device_count": count}
    return render(request, "twofactor/devices/overview.html", context)


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    offered = [method for method in registry.METHODS if method.is_available]
    form = ChooseForm(request.POST if request.method == "POST" else None, slugs=[m.slug for m in offered])
    if form.is_valid():
        return redirect(next(m for m in offered if m.slug == form.cleaned_data["method"]).add_url)
    context = {"form": form, "methods": offered}
    return render(request, "twofactor/devices/add.html", context, status=422 if form.errors else 200)


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: SignedInRequest, url_slug: str, pk: int) -> HttpResponse:
    method, device = device_or_404(request, url_slug, pk)
    form = RenameForm(request.POST if request.method == "POST" else None, initial={"name": device.name})
    if form.is_valid():
        actions.rename(device, form.cleaned_data["name"], by=own_sudo(request), request=request)
        messages.success(request, _("The name is saved."))
        return redirect("twofactor:devices:overview")
    context = {"form": form, "device": device, "method": method}
    return render(request, "twofactor/devices/rename.html", context, status=422 if form.errors else 200)


@require_sudo
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: SignedInRequest, url_slug: str, pk: int) -> HttpResponse:
    method, device = device_or_404(request, url_slug, pk)
    is_last = sum(m.devices_of(request.user).count() for m in registry.METHODS) == 1
    form = RemoveForm(request.POST if request.method == "POST" else None, is_last=is_last)
    if form.is_valid():
        if not is_last or check_password(request.user, form.cleaned_data["password"], origin=request.origin):
            actions.remove(device, by=own_sudo(request), request=request)
            messages.success(request, _("“%(name)s” is removed.") % {"name": device.name})
            return redirect("twofactor:devices:overview")
        form.refuse()
    context = {"form": form, "device": device, "method": method, "is_last": is_last}
    return render(request, "twofactor/devices/remove.html", context, status=422 if form.errors else 200)


def device_or_404(request: SignedInRequest, url_slug: str, pk: int) -> tuple[Method, SecondFactor]:
    """The person's own device; somebody else's is as good as none (ASVS 8.2.2)."""
    method = registry.method_at(url_slug)
    device = method.devices_of(request.user).filter(pk=pk).first() if method else None
    if method is None or device is None:
        raise Http404
    return method, device

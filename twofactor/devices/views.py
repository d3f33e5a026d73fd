"""The methods a person has: overview, add, rename, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from accounts.login.next_url import next_of, safe_next
from accounts.sudo.actions import check_own_password, own_sudo
from accounts.sudo.decorators import keeps, require_sudo
from twofactor import registry
from twofactor.checkup import actions as checkup
from twofactor.devices import actions, owned
from twofactor.devices.forms import ChooseForm, RemoveForm, RenameForm, TurnOffForm
from twofactor.policy import rules

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import SignedInRequest
    from twofactor.method import Method
    from twofactor.second_factor import SecondFactor


@require_GET
def overview(request: SignedInRequest) -> HttpResponse:
    rows = registry.devices_by_method(request.user)
    count = sum(len(devices) for method, devices in rows if not method.is_backup)
    shown = [(method, devices) for method, devices in rows if devices or not method.is_backup]
    context = {
        "rows": shown,
        "is_on": bool(count or request.user.method_returns_at),
        "device_count": count,
        "is_check_up_due": checkup.is_due(request.user, rows),
    }
    return render(request, "twofactor/devices/overview.html", context)


@require_GET
def lost(request: SignedInRequest) -> HttpResponse:
    """After signing in with a backup: what was lost can be removed at once."""
    rows = registry.devices_by_method(request.user)
    main = [(method, devices) for method, devices in rows if not method.is_backup]
    next_url = next_of(request)
    context = {
        "rows": main,
        "is_only_one": sum(len(devices) for _method, devices in main) == 1,
        "left": sum(device.left or 0 for _method, devices in rows for device in devices),
        "next_url": next_url,
        "here": f"{request.path}?{urlencode({'next': next_url})}",
    }
    return render(request, "twofactor/devices/lost.html", context)


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    offered = [method for method in registry.METHODS if method.is_available and not method.is_backup]
    form = ChooseForm(request.POST if request.method == "POST" else None, slugs=[m.slug for m in offered])
    if form.is_valid():
        return redirect(next(m for m in offered if m.slug == form.cleaned_data["method"]).add_url)
    context = {"form": form, "methods": offered}
    return render(request, "twofactor/devices/add.html", context, status=422 if form.errors else 200)


@require_sudo
@keeps("name")
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: SignedInRequest, url_slug: str, pk: int) -> HttpResponse:
    method, device = device_or_404(request, url_slug, pk)
    initial = {"name": device.name, **request.kept_input}
    form = RenameForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        actions.rename(device, form.cleaned_data["name"], by=own_sudo(request), request=request)
        messages.success(request, _("The name is saved."))
        return redirect("twofactor:devices:overview")
    context = {"form": form, "device": device, "method": method, "replace_url": method.replace_url(device)}
    return render(request, "twofactor/devices/rename.html", context, status=422 if form.errors else 200)


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: SignedInRequest, url_slug: str, pk: int) -> HttpResponse:
    method, device = device_or_404(request, url_slug, pk)
    # Whoever came from "Secure my account" or "What did you lose?" goes on there.
    came_from = safe_next(request, request.GET["next"]) if request.GET.get("next") else ""
    # There they say "It is lost" and "Not mine": it is in other hands.
    is_lost = came_from.startswith((reverse("twofactor:devices:lost"), reverse("twofactor:not_me:secure")))
    form = RemoveForm(request.POST if request.method == "POST" else None, is_lost=is_lost)
    if form.is_valid() and actions.remove(device, by=own_sudo(request), request=request, is_lost=form.is_said_lost):
        messages.success(request, _("“%(name)s” is removed.") % {"name": device.name})
        return redirect(came_from or "twofactor:devices:overview")
    if owned.is_last(device):
        return redirect("twofactor:devices:disable")
    context = {"form": form, "device": device, "method": method, "came_from": came_from}
    return render(request, "twofactor/devices/remove.html", context)


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def returning(request: SignedInRequest) -> HttpResponse:
    """What was removed and is about to work again, and how to stop that."""
    if request.method == "POST":
        if actions.stop_returns(by=own_sudo(request), request=request):
            messages.success(request, _("It is stopped."))
        return redirect(
            "twofactor:devices:returning" if request.user.method_returns_at else "twofactor:devices:overview"
        )
    devices = owned.returning(request.user)
    if not devices:
        return redirect("twofactor:devices:overview")
    return render(request, "twofactor/devices/returning.html", {"devices": devices})


@require_sudo
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def disable(request: SignedInRequest) -> HttpResponse:
    """Turn two-step verification off: says what will happen, and asks for the password beside sudo."""
    rows = [(method, devices) for method, devices in registry.devices_by_method(request.user) if devices]
    is_allowed = rules.may_be_without(request.user)
    form = TurnOffForm(request.POST if is_allowed and request.method == "POST" else None)
    if rows and form.is_valid():
        if check_own_password(request, form.cleaned_data["password"]):
            actions.turn_off(request.user, by=own_sudo(request), request=request)
            return redirect("twofactor:devices:overview")
        form.refuse()
    if not rows:
        return redirect("twofactor:devices:overview")
    context = {
        "form": form,
        "is_allowed": is_allowed,
        "device_count": sum(len(devices) for method, devices in rows if not method.is_backup),
        "warnings": [method.off_warning(request.user) for method, _devices in rows if method.off_warning],
    }
    return render(request, "twofactor/devices/disable.html", context, status=422 if form.errors else 200)


def device_or_404(request: SignedInRequest, url_slug: str, pk: int) -> tuple[Method, SecondFactor]:
    """The person's own device; somebody else's is as good as none (ASVS 8.2.2)."""
    method = registry.method_at(url_slug)
    device = method.devices_of(request.user).filter(pk=pk).first() if method and not method.is_backup else None
    if method is None or device is None:
        raise Http404
    return method, device

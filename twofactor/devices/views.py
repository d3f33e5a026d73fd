"""The methods a person has: overview, add, rename, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.login.next_url import came_from, leading_back, next_of
from accounts.sudo.actions import check_own_password, own_sudo
from accounts.sudo.decorators import keeps, no_sudo, require_sudo
from twofactor import registry
from twofactor.checkup import actions as checkup
from twofactor.devices import actions
from twofactor.devices.forms import ChooseForm, RenameForm, TurnOffForm
from twofactor.devices.lost import question_about
from twofactor.policy import rules

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import SignedInRequest
    from twofactor.method import Method
    from twofactor.second_factor import SecondFactor


@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    rows = registry.devices_by_method(request.user)
    count = sum(len(devices) for method, devices in rows if not method.is_backup)
    shown = [(method, devices) for method, devices in rows if devices or not method.is_backup]
    context = {
        "rows": shown,
        "is_on": count > 0,
        "device_count": count,
        "is_check_up_due": checkup.is_due(request.user, rows),
        "lost": question_about(rows),
    }
    return render(request, "twofactor/devices/overview.html", context)


@no_sudo("Saying that nothing is lost ends a question, and changes nothing else")
@require_http_methods(["GET", "HEAD", "POST"])
def lost(request: SignedInRequest) -> HttpResponse:
    """After a backup was used: what was lost can be removed at once, whoever has everything goes on."""
    next_url = next_of(request)
    if request.method == "POST":
        actions.note_answer_about_loss(request.user)
        return redirect(next_url)
    rows = registry.devices_by_method(request.user)
    own = [(method, device) for method, devices in rows for device in devices if not method.is_backup]
    question = question_about(rows)
    proved_by = request.session.row.proved_by if request.session.row else ""
    context = {
        "devices": own,
        "question": question,
        "is_signed_in_by_it": any(method.slug == proved_by for method in registry.METHODS if method.is_backup),
        "replaced": question.devices[0] if question and len(question.devices) == 1 < len(own) else None,
        "left": sum(device.left or 0 for _method, devices in rows for device in devices),
        "here": leading_back(request.path, next_url),
    }
    return render(request, "twofactor/devices/lost.html", context)


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    offered = [method for method in registry.METHODS if method.is_available and not method.is_backup]
    form = ChooseForm(request.POST if request.method == "POST" else None, slugs=[m.slug for m in offered])
    if form.is_valid():
        chosen = next(m for m in offered if m.slug == form.cleaned_data["method"])
        return redirect(leading_back(chosen.add_url, came_from(request)))
    context = {"form": form, "methods": offered, "came_from": came_from(request)}
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
    if request.method == "POST":
        if not actions.remove(device, by=own_sudo(request), request=request):
            return redirect(request.get_full_path())  # it is the only one: the page says what to do first
        messages.success(request, _("“%(name)s” is removed.") % {"name": device.name})
        # Whoever came from "Secure my account" or "What did you lose?" goes on there.
        return redirect(came_from(request) or "twofactor:devices:overview")
    context = {
        "device": device,
        "method": method,
        "came_from": came_from(request),
        "is_only_one": actions.is_last(device),
    }
    return render(request, "twofactor/devices/remove.html", context)


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

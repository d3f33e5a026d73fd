"""Adding a key, and what browsers fetch to ask one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.sudo.decorators import keeps, no_sudo, require_sudo
from lib import user_agent
from twofactor.challenge.asked import asked_to_confirm, asked_to_sign_in
from twofactor.challenge.decorators import pending_attempt
from twofactor.devices.actions import TooManyDevices
from twofactor.devices.owned import has_room
from twofactor.methods.webauthn import actions, limits, options
from twofactor.methods.webauthn.answers import Assertion
from twofactor.methods.webauthn.forms import AddForm, KeyForm, TryForm
from twofactor.methods.webauthn.models import WebAuthnDevice, counting_keys
from twofactor.methods.webauthn.problems import Refused

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.login.models import LoginAttempt
    from accounts.requests import Request, SignedInRequest
    from accounts.user.models import User
    from twofactor.challenge.asked import Asked


# ── Adding ──
@require_sudo
@keeps("name")
@sensitive_post_parameters("credential")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    if not has_room(request.user, WebAuthnDevice):
        messages.error(request, _("You have as many keys as there can be. Remove one first."))
        return redirect("twofactor:devices:overview")

    is_first = not WebAuthnDevice.objects.filter(user=request.user).exists()
    initial = {"name": suggested_name(request), **request.kept_input}
    form = AddForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            next_page = actions.register(request, form.new, name=form.cleaned_data["name"])
        except Refused as refused:
            form.refuse(refused.problem)
        except TooManyDevices:  # another window was quicker
            return redirect(request.path)
        else:
            messages.success(request, added(is_first=is_first))
            return redirect(next_page)
    context = {"form": form, "is_first": is_first}
    return render(request, "twofactor/methods/webauthn/add.html", context, status=422 if form.errors else 200)


@require_sudo
@require_POST
def add_options(request: SignedInRequest) -> HttpResponse:
    limits.reserve_options(request.user, request.origin)
    return JsonResponse(options.to_add(actions.question_to_add(request), request.user))


# ── Asking ──
@no_sudo("It asks a key; only the key's answer proves anything")
@pending_attempt
@require_POST
def sign_in_options(request: Request, attempt: LoginAttempt) -> HttpResponse:
    return options_of(asked_to_sign_in(request, attempt))


@no_sudo("It asks a key; only the key's answer proves anything")
@require_POST
def confirm_options(request: SignedInRequest) -> HttpResponse:
    return options_of(asked_to_confirm(request))


def options_of(asked: Asked) -> HttpResponse:
    """To ask any key of the person that counts; nothing is there without one, as a list without names means any key."""
    devices = list(counting_keys(asked.user))
    if not devices:
        raise Http404
    limits.reserve_options(asked.user, asked.origin)
    return JsonResponse(options.to_answer(KeyForm(asked=asked).question, devices))


def devices_of(user: User) -> QuerySet[WebAuthnDevice]:
    return WebAuthnDevice.objects.filter(user=user, confirmed=True).order_by("pk")


# ── Looking after them ──
@no_sudo("Trying a key opens nothing")
@sensitive_post_parameters("credential")
@require_http_methods(["GET", "HEAD", "POST"])
def try_key(request: SignedInRequest, pk: int) -> HttpResponse:
    device = get_object_or_404(devices_of(request.user), pk=pk)
    if device.flagged_at is not None:  # its own page says why
        return redirect("twofactor:devices:rename", "webauthn", pk)

    form = TryForm(request.POST if request.method == "POST" else None, pk=pk)
    if form.is_valid():
        answer = Assertion(form.cleaned_data["credential"], actions.question_to_try(request))
        try:
            actions.try_key(request, device, answer)
        except Refused as refused:
            form.refuse(refused.problem)
        else:
            messages.success(request, _("“%(name)s” works.") % {"name": device.name})
            return redirect("twofactor:devices:rename", "webauthn", pk)
    context = {"form": form, "device": device}
    return render(request, "twofactor/methods/webauthn/try.html", context, status=422 if form.errors else 200)


@no_sudo("It asks a key, which opens nothing")
@require_POST
def try_options(request: SignedInRequest, pk: int) -> HttpResponse:
    device = get_object_or_404(counting_keys(request.user), pk=pk)
    limits.reserve_options(request.user, request.origin)
    return JsonResponse(options.to_answer(actions.question_to_try(request), [device]))


@require_GET
def signals(request: SignedInRequest) -> HttpResponse:
    """What a browser is told to keep, and to call it (WebAuthn L3 §5.1.10); nothing for people who never had a key."""
    told = options.to_signal(request.user)
    return JsonResponse(told) if told else HttpResponse(status=204)


# ── Words ──
def suggested_name(request: SignedInRequest) -> str:
    """What the person might call a key of the computer or phone at hand."""
    _browser, system = user_agent.browser_and_system(request.origin.user_agent)
    names = {"first_name": request.user.name.partition(" ")[0], "system": system}
    return _("%(first_name)s's key on %(system)s") % names if system else _("%(first_name)s's key") % names


def added(*, is_first: bool) -> str:
    return _("Key added. Add a second one now and keep it somewhere safe.") if is_first else _("Key added.")

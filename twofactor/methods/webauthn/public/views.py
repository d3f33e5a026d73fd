"""Signing in with a passkey alone, and what browsers and password managers look for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.login.next_url import next_of
from accounts.sudo.decorators import no_sudo
from lib import site
from twofactor.methods.webauthn import limits, options, passwordless
from twofactor.methods.webauthn.answers import Assertion
from twofactor.methods.webauthn.forms import PasskeyForm
from twofactor.methods.webauthn.problems import Refused

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request


@no_sudo("Signing in is what gives a session its first proof")
@login_not_required
@sensitive_post_parameters("credential")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: Request) -> HttpResponse:
    next_url = next_of(request)
    if request.user.is_authenticated:
        return redirect(next_url)

    form = PasskeyForm(
        request.POST if request.method == "POST" else None, initial={"next": request.GET.get("next", "")}
    )
    unknown = ""
    if form.is_valid():
        answer = Assertion(form.cleaned_data["credential"], passwordless.question_to_anybody(request))
        try:
            passwordless.sign_in(request, answer, next_url=next_url)
        except Refused as refused:
            form.refuse(refused.problem)
            unknown = passwordless.unknown_key(answer, refused.problem)
        else:
            return redirect(next_url)
    context = {"form": form, "unknown": unknown, "rp_id": settings.PASSKEY_RP_ID}
    return render(request, "twofactor/methods/webauthn/passkey.html", context, status=422 if form.errors else 200)


@no_sudo("It asks a passkey; only its answer proves anything")
@login_not_required
@require_POST
def options_to_sign_in(request: Request) -> HttpResponse:
    """The same for everybody: no key is named before somebody has said who they are (WA-09)."""
    limits.reserve_strangers_options(request.origin)
    return JsonResponse(options.to_answer(passwordless.question_to_anybody(request), []))


@login_not_required
@require_GET
def passkey_endpoints(_request: Request) -> HttpResponse:
    """Where a password manager sends people to add a passkey, or to look after theirs."""
    pages = {"enroll": "twofactor:webauthn:add", "manage": "twofactor:devices:overview"}
    return JsonResponse({name: site.absolute(reverse(page)) for name, page in pages.items()})


@login_not_required
@require_GET
def related_origins(_request: Request) -> HttpResponse:
    """Which other sites may use our keys (WebAuthn L3 §5.11); nothing is there where none may."""
    if not settings.PASSKEY_RELATED_ORIGINS:
        raise Http404
    return JsonResponse({"origins": settings.PASSKEY_RELATED_ORIGINS})

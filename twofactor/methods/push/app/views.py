"""The shell of the app, which knows nobody; the page that links the signed-in person's phone; the app's own files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.sudo.decorators import require_sudo
from lib.headers import CONTENT_SECURITY_POLICY, HEADERS
from twofactor.methods.push.app import files, words

if TYPE_CHECKING:
    from accounts.requests import Request, SignedInRequest

# The app registers its service worker, which is a script: under Trusted Types that needs a policy, by name.
# And it shows what the camera sees.
SEES = "; media-src blob: mediastream:"
POLICY = CONTENT_SECURITY_POLICY.replace("trusted-types 'none'", "trusted-types sw") + SEES
PERMISSIONS = HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")


@login_not_required
@require_safe
def shell(request: Request, place: str = "") -> HttpResponse:  # noqa: ARG001 - its script reads the address
    """The same for everybody and at every address: a service worker keeps it, so nothing of a person may be in it."""
    return _for_the_app(render(request, files.SHELL, files.shell_context()))


@require_sudo
@require_safe
def allow(request: SignedInRequest) -> HttpResponse:
    """Where signing in on the phone leads to. Pressing Allow makes the keys and calls the API with this session."""
    return _for_the_app(render(request, "twofactor/methods/push/app/allow.html", {"words": words.for_app()}))


@login_not_required
@require_safe
def language(request: Request) -> HttpResponse:
    return render(request, "twofactor/methods/push/app/language.html")


@login_not_required
@require_safe
def manifest(_request: Request) -> HttpResponse:
    return JsonResponse(files.manifest(), content_type="application/manifest+json")


@login_not_required
@require_safe
def worker(_request: Request) -> HttpResponse:
    """Another text as soon as any file of the app is another one: that is how browsers notice."""
    script = f'import {{ start }} from "{files.worker_script()}"\nstart({json.dumps(files.kept_offline())})\n'
    # Its scope is the app alone: no page of the portal passes through it.
    return HttpResponse(script, content_type="text/javascript", headers={"Service-Worker-Allowed": files.SCOPE})


def _for_the_app(response: HttpResponse) -> HttpResponse:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Permissions-Policy"] = PERMISSIONS
    return response

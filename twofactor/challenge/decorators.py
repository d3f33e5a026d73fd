"""@pending_attempt: a page between the password and the second step."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponseRedirect
from django.urls import reverse

from accounts.login.actions import AttemptIsOver, attempt_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from accounts.login.models import LoginAttempt
    from accounts.requests import Request

P = ParamSpec("P")


def pending_attempt(
    view: Callable[Concatenate[Request, LoginAttempt, P], HttpResponse],
) -> Callable[Concatenate[Request, P], HttpResponse]:
    """Hand the browser's pending sign-in to the view; without one, or when it dies meanwhile, start again."""

    @login_not_required
    @wraps(view)
    def guarded(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        attempt = attempt_of(request)
        if attempt is None:
            return HttpResponseRedirect(reverse("accounts:login:sign_in"))
        try:
            return view(request, attempt, *args, **kwargs)
        except AttemptIsOver:
            return HttpResponseRedirect(reverse("accounts:login:sign_in"))

    return guarded

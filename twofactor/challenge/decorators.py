"""@pending_attempt: a page between the password and the second step."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.login.actions import ATTEMPT_KEY, NAME_KEY, AttemptIsOver, attempt_of, over_in
from accounts.login.models import LoginAttempt
from lib.site import path_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from accounts.requests import Request

P = ParamSpec("P")


def pending_attempt(
    view: Callable[Concatenate[Request, LoginAttempt, P], HttpResponse],
) -> Callable[Concatenate[Request, P], HttpResponse]:
    """Hand the browser's pending sign-in to the view; without one, or when it dies meanwhile, start again."""
    return pending_attempt_or(start_again)(view)


def pending_attempt_or(
    otherwise: Callable[..., HttpResponse],
) -> Callable[
    [Callable[Concatenate[Request, LoginAttempt, P], HttpResponse]], Callable[Concatenate[Request, P], HttpResponse]
]:
    """The same, with another view for when there is none."""

    def decorate(
        view: Callable[Concatenate[Request, LoginAttempt, P], HttpResponse],
    ) -> Callable[Concatenate[Request, P], HttpResponse]:
        @login_not_required
        @wraps(view)
        def guarded(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            attempt = attempt_of(request)
            if attempt is None:
                return otherwise(request, *args, **kwargs)
            try:
                return view(request, attempt, *args, **kwargs)
            except AttemptIsOver:
                return otherwise(request, *args, **kwargs)

        return guarded

    return decorate


def start_again(request: Request, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """To the password, saying why, with what is known of the sign-in that is over."""
    address = reverse("accounts:login:sign_in")
    over = over_in(request)
    if request.user.is_authenticated or (over is None and request.method != "POST"):
        return HttpResponseRedirect(address)
    if over is not None:
        del request.session[ATTEMPT_KEY]  # said once
    if over is None or over.state != LoginAttempt.State.PENDING:
        messages.info(request, _("That sign-in is over. Start again with your password."))
        return HttpResponseRedirect(address)
    request.session[NAME_KEY] = over.user.email
    messages.info(request, _("That took more than ten minutes. Enter your password again, then a new code."))
    wanted = over.next_url != path_of(settings.LOGIN_REDIRECT_URL)
    return HttpResponseRedirect(f"{address}?{urlencode({'next': over.next_url})}" if wanted else address)

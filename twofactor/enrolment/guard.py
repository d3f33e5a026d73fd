"""Pages that add a method, closed to an account without one until its mailbox was asked, where it must be."""

from __future__ import annotations

from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, include, reverse

from twofactor.enrolment.proof import NotConfirmedByEmail, require_confirmed

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.requests import SignedInRequest

P = ParamSpec("P")


def guarded_pages(module: str) -> Any:
    """include() of a method's URLs. All of them: somebody without a method has nothing to do there but to add one."""
    urls = import_module(module)
    pages = [
        URLPattern(page.pattern, confirmed_by_email(page.callback), page.default_args, page.name)
        for page in urls.urlpatterns
    ]
    return include((pages, urls.app_name))


def confirmed_by_email(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
) -> Callable[Concatenate[SignedInRequest, P], HttpResponse]:
    """Send a person who must first open a link in a mail to the page that sends it."""

    @wraps(view)
    def guarded(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            if not request.user.protection:
                require_confirmed(request)
            return view(request, *args, **kwargs)
        except NotConfirmedByEmail:  # raised here, or by the action that adds a device
            query = urlencode({"next": request.get_full_path()})
            return HttpResponseRedirect(f"{reverse('twofactor:enrolment:check')}?{query}")

    return guarded

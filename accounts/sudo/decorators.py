"""@require_sudo: the page behind it asks to confirm first (ASVS 7.5.1)."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.urls import reverse

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from accounts.requests import SignedInRequest

P = ParamSpec("P")


def require_sudo(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
) -> Callable[Concatenate[SignedInRequest, P], HttpResponse]:
    """Let only a session through that confirmed in the last 15 minutes; send any other to /confirm/ and back.

    A POST that comes too late is not replayed: after confirming, the person sees the form again.
    """

    @wraps(view)
    def guarded(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.session.has_sudo:
            return view(request, *args, **kwargs)
        query = urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(f"{reverse('twofactor:challenge:confirm')}?{query}")

    return guarded

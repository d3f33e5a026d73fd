"""Every view that changes something says whether it needs sudo: @require_sudo, or @no_sudo("why not") (ASVS 7.5.1)."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sudo import kept_input
from lib.form_page import page_of_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.requests import SignedInRequest

P = ParamSpec("P")
View = TypeVar("View", bound="Callable[..., Any]")


def require_sudo(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
) -> Callable[Concatenate[SignedInRequest, P], HttpResponse]:
    """Let only a session through that confirmed in the last 15 minutes; send any other to /confirm/ and back.

    A POST that comes too late is not replayed: after confirming, the person sees the form again, with the fields that
    @keeps names as they were (request.kept_input).
    """

    @wraps(view)
    def guarded(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.session.has_sudo:
            return _ask_to_confirm(request, getattr(view, "kept_fields", ()))
        request.kept_input = {}
        if request.method == "GET" and (kept := kept_input.take_back(request)) is not None:
            request.kept_input = kept
            messages.info(request, _("Your last change wasn't saved. Send it again."))
        return view(request, *args, **kwargs)

    guarded.needs_sudo = True  # type: ignore[attr-defined]
    return guarded


def no_sudo(reason: str) -> Callable[[View], View]:
    """Say why a view may change something without sudo. A test holds the list of all."""

    def tag(view: View) -> View:
        view.no_sudo = reason  # type: ignore[attr-defined]
        return view

    return tag


def keeps(*fields: str) -> Callable[[View], View]:
    """Name the fields, none of them secret, that survive a confirmation. Stands below @require_sudo."""

    def tag(view: View) -> View:
        view.kept_fields = fields  # type: ignore[attr-defined]
        return view

    return tag


def _ask_to_confirm(request: SignedInRequest, fields: tuple[str, ...]) -> HttpResponse:
    page = request.get_full_path()
    if request.method == "POST":
        page = page_of_form(request)
        kept_input.keep(request, fields, page=page)
    query = urlencode({"next": page})
    return HttpResponseRedirect(f"{reverse('twofactor:challenge:confirm')}?{query}")

"""Pages for when something is wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

from accounts.lock.gate import AccountLocked
from accounts.login.next_url import next_of
from accounts.login.views import sign_out
from lib import site
from lib.form_page import page_at, page_of_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

SIGN_OUT = "accounts:login:sign_out"
SIGN_INS = ("accounts:login:", "twofactor:challenge:answer", "twofactor:challenge:send", "twofactor:passkey:")
RETRY_AFTER = "30"  # seconds


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, SessionInterrupted):
        return redirect(settings.LOGIN_URL)  # signed out elsewhere while this request ran: nothing was changed
    return _page("400.html", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, AccountLocked):
        return render(request, "accounts/login/locked.html", status=403)
    return _page("403.html", 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Usually a page from before somebody signed in in another tab: signing in gives all forms another token."""
    del reason
    wants = request.resolver_match.view_name if request.resolver_match else ""
    if not _is_from_another_site(request):
        if wants == SIGN_OUT:
            return sign_out(request)  # type: ignore[arg-type]  # the middleware has made it one
        if request.user.is_authenticated and wants.startswith(SIGN_INS):
            return redirect(next_of(request))
    page = page_of_form(request)
    return _page("csrf.html", 403, is_signed_in=request.user.is_authenticated, page=page)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    del exception
    return render(request, "404.html", status=404)


def server_error(_request: HttpRequest) -> HttpResponse:
    """503 when the database is out of reach, 500 when it is our fault. Neither page asks the database for anything."""
    if isinstance(sys.exc_info()[1], DatabaseError | InterfaceError):
        response = _page("503.html", 503)
        response["Retry-After"] = RETRY_AFTER
        return response
    return _page("500.html", 500)


class NotAllowedPageMiddleware:
    """Django's answer to a method that an address does not take is empty; a person who came by a link gets a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or response.content:
            return response
        page = _page("405.html", response.status_code, page=page_at(request.path))
        page["Allow"] = response["Allow"]
        return page


def _is_from_another_site(request: HttpRequest) -> bool:
    """As far as the browser says; each that is in use says it of a form."""
    site_of_form = request.headers.get("Sec-Fetch-Site", "same-origin")
    ours = f"{request.scheme}://{request.get_host()}"
    return site_of_form not in {"same-origin", "none"} or request.headers.get("Origin", ours) != ours


def _page(template: str, status: int, **context: object) -> HttpResponse:
    """A page without a request: it must show whatever state the request is in."""
    return HttpResponse(render_to_string(template, {**site.site(None), **context}), status=status)

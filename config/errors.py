"""Pages for when something is wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

from accounts.lock.gate import AccountLocked
from lib import site

if TYPE_CHECKING:
    from django.http import HttpRequest

RETRY_AFTER = "30"  # seconds


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, SessionInterrupted):
        return redirect(settings.LOGIN_URL)  # signed out elsewhere while this request ran: nothing was changed
    return _page("400.html", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, AccountLocked):
        return render(request, "accounts/login/locked.html", status=403)
    return _page("403.html", 403)


def csrf_failure(_request: HttpRequest, reason: str = "") -> HttpResponse:
    del reason
    return _page("csrf.html", 403)


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


def _page(template: str, status: int) -> HttpResponse:
    """A page without a request: it must show whatever state the request is in."""
    return HttpResponse(render_to_string(template, site.site(None)), status=status)

"""Whoever is not signed in comes to the sign-in page first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login

from lib.form_page import page_of_form

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class SignInFirstMiddleware(LoginRequiredMiddleware):
    """Django's, but a form that came too late leads back to its page: its own address may answer nothing but a form."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponse:  # type: ignore[override]
        if request.method in {"GET", "HEAD"}:
            return super().handle_no_permission(request, view_func)
        return redirect_to_login(page_of_form(request), settings.LOGIN_URL)

"""Signed-in people read pages in their own language and time."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts.user.models import User
from lib import languages


class PersonalMiddleware:
    """Activates the account's language and time zone for the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return self.get_response(request)
        with translation.override(languages.spoken(user.language)), timezone.override(user.zone):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            # Else LocaleMiddleware would name the browser's language.
            response.headers.setdefault("Content-Language", translation.get_language() or "")
            return response

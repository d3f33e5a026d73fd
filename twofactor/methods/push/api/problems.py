"""How the API says no: application/problem+json (RFC 9457)."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.sudo.decorators import no_sudo
from lib import clock, limits
from twofactor.methods.push.signed import Denied

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.requests import Request

P = ParamSpec("P")


class Problem(Exception):
    """An answer that is no success. The code is for programs."""

    def __init__(self, status: int, code: str, *, headers: dict[str, str] | None = None, **members: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.headers, self.members = status, code, headers, members

    def response(self) -> JsonResponse:
        told = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            **self.members,
        }
        return answer(told, self.status, content_type="application/problem+json", headers=self.headers)


def answer(members: dict[str, Any], status: int = 200, **options: Any) -> JsonResponse:
    """Every answer says what time it is here: a phone's own clock may be wrong."""
    return JsonResponse({"now": clock.now().isoformat(), **members}, status=status, **options)


def api(
    *methods: str,
) -> Callable[[Callable[Concatenate[Request, P], HttpResponse]], Callable[Concatenate[Request, P], HttpResponse]]:
    """A call of phones. It looks at no cookie, so no other site can make a browser send it with one.

    Whatever goes wrong is answered with a problem: a program reads no page.
    """

    def decorate(
        view: Callable[Concatenate[Request, P], HttpResponse],
    ) -> Callable[Concatenate[Request, P], HttpResponse]:
        @csrf_exempt
        @login_not_required
        @no_sudo("Each call is signed by the phone's key; linking by a session asks for sudo itself")
        @wraps(view)
        def answered(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method not in methods:
                return Problem(405, "method", headers={"Allow": ", ".join(methods)}).response()
            try:
                return view(request, *args, **kwargs)
            except Exception as failure:
                problem = _problem_of(failure)
                if problem is None:
                    raise
                return problem.response()

        return answered

    return decorate


def _problem_of(failure: Exception) -> Problem | None:
    """None for what is our mistake."""
    match failure:
        case Problem():
            problem = failure
        case Denied():
            problem = Problem(401, "denied", headers={"WWW-Authenticate": "JWS"})
        case limits.TooManyAttempts():
            problem = Problem(429, "limit", headers={"Retry-After": str(failure.retry_after)})
        case DatabaseError() | InterfaceError():
            problem = Problem(503, "unavailable", headers={"Retry-After": "30"})
        case _:
            return None
    return problem

"""A number for each request: in every log line and event it causes, and in its answer, to be quoted to support.

We make it. One that a client sends is not looked at: it could be somebody else's, or break a log.
"""

from __future__ import annotations

import secrets
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
BYTES = 12  # no two alike among all requests of a lifetime
LONGEST = 2 * BYTES

# For log lines only, which have no other way to know. Actions get it with their origin, as a value.
present: ContextVar[str] = ContextVar("request_id", default="")


class RequestIDMiddleware:
    """The outermost: whatever answers, the answer has its number."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = secrets.token_hex(BYTES)
        request.request_id = request_id  # type: ignore[attr-defined]
        token = present.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            present.reset(token)
        response.headers[HEADER] = request_id
        return response

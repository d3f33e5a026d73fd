"""Static files under names that change with their content, and modules that import each other by those names."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from whitenoise.responders import StaticFile  # type: ignore[import-untyped]


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # it has no types
    # Without it a browser would get the module of yesterday beside the page of today. Django sees only imports that
    # end with a semicolon: tests/lib/test_static_files.py finds those that do not.
    support_js_module_import_aggregation = True
    max_post_process_passes = 20  # a name changes with the names that the file imports, and so on

    @cache  # noqa: B019 - there is one of it, and its files do not change while it serves them
    def url(self, name: str | None, force: bool = False) -> str:  # noqa: FBT001, FBT002 - Django's signature
        url: str = super().url(name, force)
        return url


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc] # it has no types
    """WhiteNoise's. Under ASGI a file is read and closed at once.

    Django would read it whole there in any case, and when a browser leaves meanwhile it drops the answer unclosed.
    """

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        if not isinstance(request, ASGIRequest):
            response: HttpResponse = WhiteNoiseMiddleware.serve(static_file, request)
            return response
        answer = static_file.get_response(request.method, request.META)
        with answer.file or nullcontext() as file:
            whole = HttpResponse(file.read() if file else b"", status=answer.status)
        del whole.headers["Content-Type"]  # one that is not modified has none
        for name, value in answer.headers:
            whole[name] = value
        return whole

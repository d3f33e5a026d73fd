"""A module imports others by the names that change with their content."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.templatetags.static import static
from django.test import AsyncRequestFactory, RequestFactory

from lib.static_files import StaticFilesMiddleware

IMPORT = re.compile(r"""^(?:import|export)\b[^"'\n]*(?:\{[^}]*\}[^"'\n]*)?["'](?P<of>\.[^"']+)["']""", re.MULTILINE)
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")


def test_no_module_imports_another_by_a_name_that_stays() -> None:
    paths = json.loads((Path(settings.STATIC_ROOT) / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
    modules = {name: (Path(settings.STATIC_ROOT) / hashed).read_text(encoding="utf-8") for name, hashed in paths.items()
               if name.endswith(".js")}  # fmt: skip

    imported = [(name, found["of"]) for name, text in modules.items() for found in IMPORT.finditer(text)]

    assert imported, "no module imports another: the expression above finds none"
    assert not [pair for pair in imported if not HASHED.search(pair[1])]


@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize(
    "asked", [{"accept-encoding": "gzip"}, {}, {"range": "bytes=10-99"}, {"range": "bytes=9-1"}], ids=str
)
def test_an_asgi_answer_is_the_same_and_leaves_no_file_open(method: str, asked: dict[str, str]) -> None:
    """What is left open is an error at the end of a test."""
    path = static("css/portal.css")
    serve = StaticFilesMiddleware(lambda _request: HttpResponse(status=404))

    theirs = serve(getattr(RequestFactory(), method)(path, headers=asked))
    answer = serve(getattr(AsyncRequestFactory(), method)(path, headers=asked))

    assert not answer.streaming
    assert (answer.status_code, answer.content, answer.headers) == (theirs.status_code, whole(theirs), theirs.headers)


def test_nor_does_one_that_says_it_has_not_changed() -> None:
    path = static("css/portal.css")
    serve = StaticFilesMiddleware(lambda _request: HttpResponse(status=404))
    etag = serve(AsyncRequestFactory().get(path)).headers["ETag"]

    answer = serve(AsyncRequestFactory().get(path, headers={"if-none-match": etag}))

    assert (answer.status_code, answer.content, "Content-Type" in answer.headers) == (304, b"", False)


def whole(theirs: HttpResponseBase) -> bytes:
    content = b"".join(theirs)
    for close in theirs._resource_closers:  # noqa: SLF001 - close() would say that a request has ended, too
        close()
    return content

"""What comes from outside is bounded here, before a pattern, a parser or a hash sees any of it.

Servers differ in what they let through: gunicorn a line of 4 KiB and headers of 800 KiB, uvicorn 64 KiB of anything and
a body without end. Much of what reads it after us (cookies, types, patterns) takes four times as long for twice as
much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from django.http import HttpRequest, HttpResponse

    ASGIApplication = Callable[[Any, Any, Any], Awaitable[None]]
    WSGIApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]

LONGEST_TARGET = 4094  # path and query together: what gunicorn takes of a line
LONGEST_HEADER = 8190
LONGEST_OF = {"content-length": 20, "content-type": 256, "host": 261}  # a name of 253, a colon and a port
LARGEST_HEAD = 32 * 1024
MOST_HEADERS = 100

NUL = "\x00"
REFUSALS = {
    413: ("413 Content Too Large", b"What was sent is too large.\n"),
    414: ("414 URI Too Long", b"This address is too long.\n"),
    431: ("431 Request Header Fields Too Large", b"The headers of this request are too large.\n"),
}
HEADERS = {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def wsgi(application: WSGIApplication) -> WSGIApplication:
    """The application, behind these bounds. A body without a length has none for Django either."""

    def bounded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        target = len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", ""))
        refusal = _refusal(target, list(_headers_in(environ)))
        if refusal:
            status, words = REFUSALS[refusal]
            start_response(status, [*HEADERS.items(), ("Content-Length", str(len(words)))])
            return [words]
        if "HTTP_COOKIE" in environ:
            environ["HTTP_COOKIE"] = plain_cookies(environ["HTTP_COOKIE"])
        return application(environ, start_response)

    return bounded


def asgi(application: ASGIApplication) -> ASGIApplication:
    """The same; what comes without a length is counted as it comes, and no more of it is read than may be."""

    async def bounded(scope: Any, receive: Any, send: Any) -> None:
        headers = [(name.decode("latin1"), value.decode("latin1")) for name, value in scope.get("headers", [])]
        target = len(scope.get("raw_path") or scope.get("path", "")) + len(scope.get("query_string", b""))
        refusal = _refusal(target, headers)
        if not refusal:
            cookies = [(name, plain_cookies(value) if name == "cookie" else value) for name, value in headers]
            scope = {**scope, "headers": [(name.encode("latin1"), value.encode("latin1")) for name, value in cookies]}
            body = _Body(receive)
            await application(scope, body.receive, send)
            refusal = 413 if body.is_too_large else 0
        if refusal:
            await _refuse(send, refusal)

    return bounded


def plain_cookies(header: str) -> str:
    """Without those that hold a backslash, as none of ours does: to unquote one, Python takes the square of its length.

    (CVE-2024-7592)
    """
    return ";".join(cookie for cookie in header.split(";") if "\\" not in cookie)


class StorableMiddleware:
    """No database stores a NUL: no page has one in its address, and a parameter with one was not given.

    Forms say it of their fields, and lib.strict_json of JSON.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NUL in request.path:
            raise Http404
        if "%00" in request.META.get("QUERY_STRING", ""):
            given = request.GET.copy()
            for name, values in request.GET.lists():
                if NUL in "".join([name, *values]):
                    del given[name]
            request.GET = given  # type: ignore[assignment]  # as good as one that cannot be changed
        return self.get_response(request)


class _Body:
    """A body as it comes. One that grows too large is over for the application, as if its sender had left."""

    def __init__(self, receive: Any) -> None:
        self._receive = receive
        self._length = 0

    @property
    def is_too_large(self) -> bool:
        return self._length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    async def receive(self) -> Any:
        message = await self._receive()
        self._length += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.is_too_large else message


def _refusal(target: int, headers: list[tuple[str, str]]) -> int:
    """The status of an answer to what is too long, 0 if nothing is."""
    if target > LONGEST_TARGET:
        return 414
    sizes = [len(name) + len(value) for name, value in headers]
    is_long = any(len(value) > LONGEST_OF.get(name.lower(), LONGEST_HEADER) for name, value in headers)
    if is_long or sum(sizes) > LARGEST_HEAD or len(headers) > MOST_HEADERS:
        return 431
    lengths = [value for name, value in headers if name.lower() == "content-length" and value.isdecimal()]
    return 413 if any(int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE for length in lengths) else 0


def _headers_in(environ: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            yield name.removeprefix("HTTP_").replace("_", "-").lower(), value


async def _refuse(send: Any, status: int) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    headers.append((b"connection", b"close"))  # the rest of it may still be on its way
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSALS[status][1]})

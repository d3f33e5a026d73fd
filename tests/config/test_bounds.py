"""Twice as much from outside costs at most three times the CPU, whatever it is and wherever it stands."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

import pytest

from lib.models import Counter
from tests.bed.servers import as_in_tests, gunicorn_running, streams_running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bed.evidence import Evidence

pytestmark = pytest.mark.django_db(transaction=True)

# What the patterns and parsers on the way are slow with; then one of each kind of character.
SLOWEST = ("9", "\\", ";", "a;", "/", "é")
RUNS = (*SLOWEST, "a", "-", ".", ":", '"', ",", " x", "=", "(", "%", "1-a", "a=", "::", "\\1")
FORM = "application/x-www-form-urlencoded"
HEADERS = (
    "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Content-Type", "Cookie", "Host",
    "If-Modified-Since", "If-None-Match", "Origin", "Range", "Referer", "User-Agent", "X-CSRFToken",
    "X-Forwarded-For", "X-Forwarded-Proto",
)  # fmt: skip
COOKIES = ("session", "csrf", "flash", "language", "other")
PATHS = ("/", "/login/", "/password/reset/", "/not-me/1-", "/static/", "/2fa/totp/", "/authenticator/request/")
QUERIES = ("/login/?next=", "/login/?login=", "/confirm/?method=", "/activity/?before=", "/signup/?invitation=")
FIELDS = (
    ("/login/", "login"), ("/login/", "password"), ("/login/", "next"), ("/login/", "csrfmiddlewaretoken"),
    ("/language/", "language"), ("/language/", "next"), ("/password/forgot/", "login"),
    ("/signup/", "email"), ("/signup/", "name"), ("/signup/", "password"), ("/signup/", "country"),
    ("/passkey/", "credential"), ("/passkey/", "next"),
)  # fmt: skip
TOKEN = "c" * 32
REPEATS = 5
BASE = 0.002  # seconds: no less is told apart from what any request costs, and what the machine does beside it


class Server(NamedTuple):
    """Where it answers, and the process that works."""

    port: int
    worker: int

    def ask(self, request: bytes) -> bytes:
        """The first line of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            answer = b""
            with suppress(ConnectionError):  # a server that has said no does not read on
                connection.sendall(request)
            with suppress(ConnectionError):
                while part := connection.recv(65536):
                    answer += part
        return answer.partition(b"\r\n")[0]

    def cost(self, request: bytes) -> float:
        """Seconds of CPU in the worker."""
        clock = (~self.worker << 3) | 2  # clock_getcpuclockid(3)
        before = time.clock_gettime(clock)
        self.ask(request)
        return time.clock_gettime(clock) - before


@pytest.fixture(scope="module", params=["gunicorn", "uvicorn"])
def server(request: pytest.FixtureRequest, django_db_setup: None) -> Iterator[Server]:  # noqa: ARG001 - order matters
    environment = as_in_tests() | {"SIGNUP": "open", "LOG_LEVEL": "INFO"}
    if request.param == "gunicorn":
        with gunicorn_running(workers=1, environment=environment) as running:
            children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text(encoding="ascii")
            yield Server(port_of(running.url), int(children.split()[0]))
    else:
        with streams_running(environment=environment) as running:
            yield Server(port_of(running.url), running.process.pid)


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def request(method: str, target: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    told = {"Host": "localhost", "Connection": "close", **headers}
    if method == "POST":
        told = {"Content-Type": FORM, **told, "Content-Length": str(len(body))}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join(lines).encode("latin1", "replace") + b"\r\n\r\n" + body


def run_of(characters: str, length: int) -> str:
    return (characters * length)[:length]


def in_header(name: str) -> Callable[[str], bytes]:
    prefix = {"Authorization": "JWS ", "Cookie": 'a="', "Content-Type": 'a/b; c="', "Range": "bytes="}.get(name, "")
    method = "POST" if name in {"Content-Type", "X-CSRFToken", "Origin"} else "GET"
    target = "/static/css/none.css" if name in {"Range", "If-Modified-Since", "If-None-Match"} else "/login/"
    return lambda run: request(method, target, {name: f"{prefix}{run}" + ('"' if '"' in prefix else "")})


def in_cookie(name: str) -> Callable[[str], bytes]:
    return lambda run: request("GET", "/login/", {"Cookie": f'{name}="{run}"'})


def in_path(path: str) -> Callable[[str], bytes]:
    return lambda run: request("GET", path + quote(run, safe="%/"), {})


def in_query(page: str) -> Callable[[str], bytes]:
    return lambda run: request("GET", page + quote(run, safe="%"), {})


def in_field(page: str, name: str) -> Callable[[str], bytes]:
    def of(run: str) -> bytes:
        fields = {"csrfmiddlewaretoken": TOKEN, "login": "x@y.example", "password": "wrong", name: run}
        body = "&".join(f"{key}={quote(value)}" for key, value in fields.items())
        return request("POST", page, {"Cookie": f"csrf={TOKEN}"}, body.encode())

    return of


def in_part(name: str) -> Callable[[str], bytes]:
    """Of a form as browsers send files."""
    kind = {"Content-Type": "multipart/form-data; boundary=x", "Cookie": f"csrf={TOKEN}"}

    def of(run: str) -> bytes:
        part = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{run}\r\n--x--\r\n'
        return request("POST", "/login/", kind, part.encode())

    return of


def in_json(page: str) -> Callable[[str], bytes]:
    def of(run: str) -> bytes:
        body = json.dumps({"key": run, "name": run, "subscription": None}).encode()
        return request("POST", page, {"Content-Type": "application/json", "Authorization": "JWS a.b.c"}, body)

    return of


def slow(server: Server, make: Callable[[str], bytes], length: int, runs: tuple[str, ...] = SLOWEST) -> list[str]:
    """The runs of which twice as many cost more than three times as much, measured again before they are told."""
    found = []
    for characters in runs:
        once, twice = (make(run_of(characters, size)) for size in (length, 2 * length))
        if server.cost(twice) <= 3 * max(server.cost(once), BASE):
            continue
        cheapest = [min(server.cost(sent) for _ in range(REPEATS)) for sent in (once, twice)]
        if cheapest[1] > 3 * max(cheapest[0], BASE):
            found.append(f"{characters!r}: {1000 * cheapest[0]:.0f} ms, then {1000 * cheapest[1]:.0f} ms")
    return found


@pytest.fixture(autouse=True)
def warm(server: Server) -> None:
    Counter.objects.all().delete()
    for _ in range(3):
        server.ask(request("GET", "/login/", {}))


# Lengths that get through, and some that the servers let through and we do not.
PLACES: dict[str, tuple[Callable[[str], bytes], tuple[int, ...]]] = {
    **{f"the header {name}": (in_header(name), (4000, 30_000)) for name in HEADERS},
    **{f"the cookie {name}": (in_cookie(name), (4000, 30_000)) for name in COOKIES},
    **{f"a path below {path}": (in_path(path), (2000, 20_000)) for path in PATHS},
    **{f"the query of {page}": (in_query(page), (1300, 20_000)) for page in QUERIES},
    **{f"{name} of {page}": (in_field(page, name), (400, 30_000)) for page, name in FIELDS},
    "a part of a form": (in_part("login"), (60_000,)),
    "JSON": (in_json("/api/authenticator/v1/devices"), (3000, 60_000)),
}


@pytest.mark.parametrize("place", PLACES)
def test_twice_as_much_costs_three_times_as_much_at_most(server: Server, place: str) -> None:
    make, lengths = PLACES[place]

    assert [slow(server, make, length) for length in lengths] == [[] for _ in lengths]


@pytest.mark.prove
def test_so_it_is_with_every_kind_of_character(server: Server, evidence: Evidence) -> None:
    found = {
        f"{place}, {length}": slow(server, make, length, RUNS)
        for place, (make, lengths) in PLACES.items()
        for length in lengths
    }

    wrong = {name: runs for name, runs in found.items() if runs}
    evidence(
        "long runs of characters: twice as much costs more than three times the CPU", len(found) * len(RUNS), len(wrong)
    )
    assert wrong == {}


# ── What is too long is told so ──
def test_what_is_too_long_is_refused(server: Server) -> None:
    refused = {
        414: request("GET", "/login/?next=/" + "a" * 5000, {}),
        431: request("GET", "/login/", {"Accept": "a" * 9000}),
        413: request("POST", "/login/", {"Cookie": f"csrf={TOKEN}"}, b"login=" + b"a" * 300_000),
    }

    answers = {status: server.ask(sent).split()[1].decode() for status, sent in refused.items()}

    # gunicorn has words of its own for the first two.
    assert answers in ({414: "414", 431: "431", 413: "413"}, {414: "400", 431: "400", 413: "413"})


def test_a_body_without_a_length_ends_where_any_other_does(server: Server) -> None:
    head = request("GET", "/login/", {"Content-Type": FORM, "Transfer-Encoding": "chunked"}).replace(b"GET", b"POST", 1)
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"

    answer = server.ask(head + 8 * chunk + b"0\r\n\r\n")

    assert answer.split()[1] in {b"413", b"403"}  # gunicorn's is no body to Django, so it lacks a token


@pytest.mark.parametrize("target", ["/login/%00", "/not-me/1-%00/", "/authenticator/request/%00/", "/%00"])
def test_there_is_no_page_with_a_nul_in_its_address(server: Server, target: str) -> None:
    assert server.ask(request("GET", target, {})).split()[1] == b"404"


@pytest.mark.parametrize("query", ["next=%00", "login=a%00b", "%00=x", "next=/2fa/&next=%00"])
def test_a_parameter_with_a_nul_was_not_given(server: Server, query: str) -> None:
    assert server.ask(request("GET", f"/login/?{query}", {})).split()[1] == b"200"


def test_a_cookie_of_somebody_else_does_no_harm(server: Server) -> None:
    answer = server.ask(request("GET", "/login/", {"Cookie": 'other="a\\"b"; language=en; third="c"'}))

    assert answer.split()[1] == b"200"

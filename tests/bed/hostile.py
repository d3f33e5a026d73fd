"""Requests that no browser sends: made at random, the same ones for the same seed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from django.http import HttpResponse
    from django.test import Client

METHODS = ("GET", "POST", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE")
FIELDS = (
    "login", "password", "next", "code", "name", "method", "email", "country", "current_password", "invitation",
    "language", "time_zone", "alerts", "csrfmiddlewaretoken", "remember_browser",
    "id", "user", "user_id", "is_support", "confirmed",
    "__proto__",
)  # fmt: skip
VALUES = (
    "", " ", "0", "-1", "000000", "123456", "\uff11\uff12\uff13\uff14\uff15\uff16", "+12345", "1e309", "NaN", "true",
    "null", "none", "[]", "{}",
    "\x00", "a\x00b", "\r\nSet-Cookie: session=evil", "\ud800", "\u202e", "é" * 300, "x" * 5000, "9" * 400,
    "' OR 1=1 --", '"><script>alert(1)</script>', "{{ 7*7 }}", "{% debug %}",
    "../../../../etc/passwd", "%00", "%s%s%n",
    "https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", "alice@alpina.example",
    "ALICE@ALPINA.EXAMPLE", "alice@alpina.example\x00", "AB12345", "🔐" * 50, "totp", "backup_codes", "\u2066x\u2069",
    "﷽" * 20,
)  # fmt: skip
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"HTTP_X_FORWARDED_FOR": "a, b, ::1"},
    {"HTTP_X_FORWARDED_FOR": "9" * 2000},
    {"HTTP_ACCEPT_LANGUAGE": "xx-" + "y" * 600},
    {"HTTP_ACCEPT_LANGUAGE": "\x00,;q=NaN"},
    {"HTTP_USER_AGENT": "\x00\xff" * 400},
    {"HTTP_COOKIE": "session=" + "A" * 4000},
    {"HTTP_COOKIE": "session=\x00; csrf=; flash=!!!; language=../../x"},
    {"HTTP_HOST": "evil.example"},
    {"HTTP_HOST": "localhost:99999999"},
    {"HTTP_ORIGIN": "null", "HTTP_REFERER": "https://evil.example/"},
    {"HTTP_IF_MODIFIED_SINCE": "Thu, 99 Foo 9999999 99:99:99 GMT", "HTTP_IF_NONE_MATCH": "W/\x00"},
    {"HTTP_RANGE": "bytes=-1,0-999999999999"},
    {"HTTP_AUTHORIZATION": "Basic \xff"},
    {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
    {"REMOTE_ADDR": ""},
)
JSON = "application/json"
# What the authenticator and the pages of keys send as JSON, and what only JSON can say.
MEMBERS = (
    "key", "name", "subscription", "pairing", "decision", "number", "reason",
    "endpoint", "keys", "p256dh", "auth",
    "id", "rawId", "type", "response", "clientDataJSON", "authenticatorData", "signature",
)  # fmt: skip
JSON_VALUES: tuple[object, ...] = (
    None, True, 0, -1, 10**30, 1.5e308, [], {}, [[]], [None] * 50, {"": {}}, {"endpoint": {}, "keys": []}, "yes", "no",
)  # fmt: skip
TYPES = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencoded; charset=nonsense",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    JSON,
    "text/xml",
    "",
)
TAILS = (
    "",
    "",
    "",
    "/",
    "..%2f",
    "%00",
    "?",
    "?next=//evil.example",
    "?method=%00",
    "?page=-1&q=%ff%fe",
    ";x=1",
    "%F0%9F",
)


@dataclass(frozen=True)
class HostileRequest:
    """One request, as the test client sends it."""

    method: str
    path: str
    body: bytes
    content_type: str
    headers: dict[str, str]

    def send(self, client: Client) -> HttpResponse:
        answer: HttpResponse = client.generic(
            self.method, self.path, self.body, content_type=self.content_type, **self.headers
        )
        return answer


def hostile(random: Random, paths: Sequence[str]) -> HostileRequest:
    path = random.choice(paths)
    if ("/api/" in path or "/options/" in path) and random.random() < 0.7:  # else few would pass the check of the type
        return HostileRequest(random.choice(METHODS), path, json_of(random), JSON, random.choice(HEADERS))
    fields = {random.choice(FIELDS): random.choice(VALUES) for _ in range(random.randint(0, 6))}
    return HostileRequest(
        method=random.choice(METHODS),
        path=path + random.choice(TAILS),
        body=body_of(random, fields),
        content_type=random.choice(TYPES),
        headers=random.choice(HEADERS),
    )


def json_of(random: Random) -> bytes:
    """Right names with wrong values, a name twice, no object, nested too deep, or cut off."""
    names = random.sample(MEMBERS, random.randint(0, 6))
    members = {name: random.choice((*VALUES, *JSON_VALUES)) for name in names}
    body = json.dumps(members).encode()
    twice = body[:-1] + b"," + body[1:]
    deep = b'{"key":' + b"[" * 5000 + b"]" * 5000 + b"}"
    return random.choice((body, body, body, twice, deep, b"NaN", b'"key"', body[:-1]))


def body_of(random: Random, fields: dict[str, str]) -> bytes:
    """A form, a broken form, another kind of body, or bytes."""
    form = "&".join(f"{name}={value}" for name, value in fields.items()).encode("utf-8", "surrogatepass")
    parts = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (name.encode(), value.encode("utf-8", "surrogatepass"))
        for name, value in fields.items()
    )
    return random.choice(
        (form, form, form[:-1], parts + b"--x--\r\n", parts, json.dumps(fields).encode(), random.randbytes(200))
    )

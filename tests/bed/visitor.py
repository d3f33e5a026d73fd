"""A browser's bare minimum over real HTTP: cookies, forms, no waiting. For races and benchmarks."""

from __future__ import annotations

import http.client
import secrets
import socket
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode, urlsplit

from tests.bed.people import PASSWORD, totp_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accounts.user.models import User
    from twofactor.timed_codes import TimedCodeDevice

TOKEN = secrets.token_hex(16)  # the portal takes any 32 letters as a visitor's forgery token, if cookie and form agree
TIMEOUT = 30
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Answer:
    """What came back, read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def location(self) -> str:
        return str(self.headers.get("Location", ""))


@dataclass
class Visitor:
    """One browser, at an address that the portal believes, since a proxy it trusts says so."""

    url: str
    address: str = "203.0.113.7"
    cookies: dict[str, str] = field(default_factory=lambda: {"csrf": TOKEN})

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, "", headers)

    def post(self, path: str, **fields: str) -> Answer:
        # The portal gives a new token to whoever is signed in.
        return self.request("POST", path, as_form({"csrfmiddlewaretoken": self.cookies["csrf"], **fields}), FORM)

    def request(self, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT)
        try:
            connection.request(method, path, body, self.headers | headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        self.keep_cookies(answer)
        return answer

    @property
    def headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookies, "X-Forwarded-For": self.address}

    def keep_cookies(self, answer: Answer) -> None:
        for line in answer.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value

    def give_password(self, user: User, password: str = PASSWORD) -> Answer:
        return self.give_login(user.email, password)

    def give_login(self, login: str, password: str) -> Answer:
        return self.post("/login/", login=login, password=password)

    def give_code(self, device: TimedCodeDevice) -> Answer:
        return self.post("/login/verify/totp/", code=totp_code(device))


def as_form(fields: dict[str, str]) -> str:
    return urlencode({"csrfmiddlewaretoken": TOKEN, **fields})


def burst(visitors: Sequence[Visitor], path: str, **fields: str) -> list[Answer]:
    """Every visitor posts the same form at the same instant.

    All connections stand, and all bytes are made, before the first is sent: closer together than threads would be, and
    cheap enough not to take the processor from the servers.
    """
    form, address = as_form(fields), urlsplit(visitors[0].url)
    requests = [request_bytes(path, form, FORM | visitor.headers, host=address.netloc) for visitor in visitors]
    connections = [socket.create_connection(("127.0.0.1", address.port or 80), TIMEOUT) for _visitor in visitors]
    with DefaultSelector() as waiting:
        for number, (connection, request) in enumerate(zip(connections, requests, strict=True)):
            connection.sendall(request)
            waiting.register(connection, EVENT_READ, number)
        answers = dict(as_they_come(waiting))
    for number, visitor in enumerate(visitors):
        visitor.keep_cookies(answers[number])
    return [answers[number] for number in range(len(visitors))]


def as_they_come(waiting: DefaultSelector) -> Iterator[tuple[int, Answer]]:
    """Each connection is closed as soon as it is read: gunicorn's worker lingers for two seconds on an open one."""
    while waiting.get_map():
        ready = waiting.select(TIMEOUT)
        if not ready:
            raise TimeoutError
        for key, _events in ready:
            waiting.unregister(key.fileobj)
            with cast("socket.socket", key.fileobj) as connection:
                yield key.data, read_answer(connection)


def request_bytes(path: str, form: str, headers: dict[str, str], *, host: str) -> bytes:
    lines = {"Host": host, "Connection": "close", "Content-Length": str(len(form)), **headers}
    return "\r\n".join(
        [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items()), "", form]
    ).encode()


def read_answer(connection: socket.socket) -> Answer:
    response = http.client.HTTPResponse(connection, method="POST")
    response.begin()
    return Answer(response.status, response.headers, response.read())

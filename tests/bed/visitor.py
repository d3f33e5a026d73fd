"""A browser's bare minimum over real HTTP: cookies, forms, no waiting. For races and benchmarks."""

from __future__ import annotations

import http.client
import secrets
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from tests.bed.people import PASSWORD, totp_code

if TYPE_CHECKING:
    from accounts.user.models import User
    from twofactor.timed_codes import TimedCodeDevice

TOKEN = secrets.token_hex(16)  # the portal takes any 32 letters as a visitor's forgery token, if cookie and form agree
TIMEOUT = 30


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
        form = urlencode({"csrfmiddlewaretoken": TOKEN, **fields})
        return self.request("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})

    def request(self, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT)
        try:
            connection.request(method, path, body, {"Cookie": cookies, "X-Forwarded-For": self.address, **headers})
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        self.keep_cookies(answer)
        return answer

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

"""Browsers in places, and what is left of them when a session is looked at from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.test import Client

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.user.models import User

HOME = "203.0.113.7"
HOME_TOO = "203.0.113.200"  # another address of the same household
ELSEWHERE = "198.51.100.9"
WRONG = "Wrong-Trams-Cross-The-Bridge-72"


def browser_at(ip: str, **options: str) -> Client:
    return Client(REMOTE_ADDR=ip, **options)


def same_browser(known: dict[str, Client], ip: str, agent: str) -> Client:
    """The browser of that name, wherever it is now: not signed in any more, but it has the cookie it is known by."""
    before, browser = known.get(agent), browser_at(ip, HTTP_USER_AGENT=agent)
    if before is not None and settings.KNOWN_BROWSER_COOKIE_NAME in before.cookies:
        browser.cookies[settings.KNOWN_BROWSER_COOKIE_NAME] = before.cookies[settings.KNOWN_BROWSER_COOKIE_NAME].value
    known[agent] = browser
    return browser


def key_of(client: Client) -> str:
    """The session key in the browser's cookie; "" without one."""
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    return cookie.value if cookie else ""


def browser_with(key: str) -> Client:
    """Another browser that sends this session key: a thief's."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    return client


def is_in(client: Client) -> bool:
    """Whether the next request is that of a signed-in person."""
    return client.get("/.well-known/change-password").headers["Location"] == "/password/"


def is_signed_out(answer: HttpResponse) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith("/login/?")


def guess(client: Client, login: str | User, password: str = WRONG, **headers: str) -> HttpResponse:
    """One try at the front door."""
    typed = login if isinstance(login, str) else login.email
    return client.post("/login/", {"login": typed, "password": password}, **headers)

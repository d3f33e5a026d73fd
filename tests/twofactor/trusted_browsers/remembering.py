"""Remembering browsers by the front door."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.test import Client

from tests.bed.people import give_password, totp_code
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.user.models import User
    from tests.bed.clock import TestClock

CODE_PAGE = "/login/verify/totp/"
BROWSERS = "/2fa/browsers/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def remembered(user: User, **headers: str) -> Client:
    """A browser in which the person is signed in, and which skips the second step from now on."""
    client = Client(**{"HTTP_USER_AGENT": FIREFOX, **headers})
    sign_in_remembering(client, user)
    return client


def sign_in_remembering(client: Client, user: User, **fields: str) -> HttpResponse:
    give_password(client, user)
    device = TOTPDevice.objects.filter(user=user).latest("pk")
    return client.post(CODE_PAGE, {"code": totp_code(device), "remember_browser": "on", **fields})


def sign_in_again(client: Client, user: User) -> HttpResponse:
    """Sign out, and give the password anew."""
    client.post("/logout/")
    return give_password(client, user)


def is_asked(answer: HttpResponse) -> bool:
    """Whether the answer to the password leads to the second step."""
    return answer.status_code == 302 and answer.headers["Location"] == "/login/verify/"


def cookie_of(client: Client) -> str:
    cookie = client.cookies.get(settings.BROWSER_COOKIE_NAME)
    return cookie.value if cookie else ""


def with_cookie(cookie: str, **headers: str) -> Client:
    """Another browser that shows this cookie."""
    client = Client(**headers)
    client.cookies[settings.BROWSER_COOKIE_NAME] = cookie
    return client


def is_in(client: Client) -> bool:
    return client.get("/2fa/").status_code == 200


def next_code(clock: TestClock) -> None:
    """A code counts once: wait for another one."""
    clock.advance(timedelta(seconds=90))

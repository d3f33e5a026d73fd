"""Turning two-step verification on, as a person or a thief does it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyotp
from django.test import Client

from lib import clock
from tests.bed.people import give_password

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.user.models import User

HOME = "203.0.113.7"
OFFICE = "192.0.2.7"
ELSEWHERE = "198.51.100.9"
ADD = "/2fa/totp/add/"
CHECK = "/2fa/check/"
UNDO = "/2fa/undo/"
VERIFY = "/login/verify/totp/"


def signed_in_at(ip: str, user: User) -> Client:
    """A browser at that address in which the password was given; enough for an account without a method."""
    browser = Client(REMOTE_ADDR=ip)
    give_password(browser, user)
    return browser


def shown_secret(browser: Client, path: str = ADD) -> str:
    page = browser.get(path).content.decode()
    return re.sub(r"\s", "", re.search(r'id="totp-secret"[^>]*>([^<]+)<', page)[1])


def code_of(secret: str) -> str:
    return pyotp.TOTP(secret).at(clock.now())


def turn_on(browser: Client, name: str = "Phone") -> str:
    """Set a code app up; returns its secret."""
    secret = shown_secret(browser)
    answer = browser.post(ADD, {"code": code_of(secret), "name": name})
    assert answer.status_code == 302, answer.content.decode()
    assert not answer["Location"].startswith(CHECK)
    return secret


def sign_in_with(secret: str, ip: str, user: User) -> HttpResponse:
    """Password and code, at that address."""
    return signed_in_at(ip, user).post(VERIFY, {"code": code_of(secret)})


def is_in(browser: Client) -> bool:
    return browser.get("/2fa/").status_code == 200

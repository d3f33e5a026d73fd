"""Keys by the front door: what a page's script would do, without the page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.bed.authenticators import fetch

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

    from tests.bed.authenticators import Authenticator, Json

ADD = "/2fa/webauthn/add/"
VERIFY = "/login/verify/webauthn/"
CONFIRM = "/confirm/?method=webauthn"
CONFIRM_OPTIONS = "/2fa/webauthn/confirm/options/"


def register(browser: Client, key: Authenticator, *, name: str = "") -> HttpResponse:
    return send(browser, ADD, key.register(fetch(browser, f"{ADD}options/")), name=name)


def answer(browser: Client, key: Authenticator) -> HttpResponse:
    """The second step of a sign-in."""
    return send(browser, VERIFY, key.sign(fetch(browser, f"{VERIFY}options/")))


def confirm(browser: Client, key: Authenticator) -> HttpResponse:
    return send(browser, CONFIRM, key.sign(fetch(browser, CONFIRM_OPTIONS)))


def send(browser: Client, url: str, credential: Json, **fields: str) -> HttpResponse:
    return browser.post(url, {"credential": json.dumps(credential), **fields})


def is_in(browser: Client) -> bool:
    return browser.get("/2fa/").status_code == 200

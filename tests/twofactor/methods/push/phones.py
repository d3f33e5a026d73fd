"""Phones of the tests' people, linked and calling through Django's own client."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.test import Client

from accounts.user.models import Protection
from lib import clock
from messaging.models import PushSubscription
from tests.bed.people import give_password
from tests.bed.phone import Phone, Reply
from twofactor.methods.push.models import PushDevice, PushRequest
from twofactor.timed_codes import new_secret

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.push_service import PushService

PAGE = "/login/verify/push/"
SEND = f"{PAGE}send/"
NUMBER = re.compile(r'class="plate"><b [^>]*>(\d+)<')
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def through(client: Client) -> Any:
    """Send a phone's calls with this client: what it is signed in as is what a call by session brings."""

    def send(method: str, path: str, raw: bytes, headers: dict[str, str]) -> Reply:
        given: dict[str, Any] = {"data": raw, "content_type": "application/json"} if raw else {}
        answer = client.generic(method, path, headers=headers, **given)
        return Reply(answer.status_code, json.loads(answer.content))

    return send


def new_phone(client: Client | None = None) -> Phone:
    """The app before it is linked, on a phone with the portal's time."""
    return Phone(through(client or Client()), settings.SITE_URL, clock=lambda: clock.now().timestamp())


def linked_phone(user: User, service: PushService | None = None, name: str = "Pixel 8") -> Phone:
    """A phone that the person linked some time ago."""
    phone = new_phone()
    subscription = subscription_of(user, service) if service is not None else None
    device = PushDevice(
        user=user, name=name, confirmed=True, thumbprint=phone.id, public_key=phone.jwk, subscription=subscription
    )
    device.secret = new_secret()
    device.save()
    user.protection = Protection.STRONG
    user.save(update_fields=["protection"])
    phone.state()
    return phone


def subscription_of(user: User, service: PushService) -> PushSubscription:
    info: dict[str, Any] = service.subscription(f"/push/{user.pk}")
    return PushSubscription.objects.create(user=user, endpoint=info["endpoint"], **info["keys"])


def device_of(phone: Phone) -> PushDevice:
    device: PushDevice = PushDevice.objects.get(thumbprint=phone.id)
    return device


def waiting(user: User, **client: Any) -> Client:
    """A browser whose password was right, and whose request has been sent by that."""
    browser = Client(HTTP_USER_AGENT=FIREFOX, **client)
    assert give_password(browser, user).headers["Location"] == "/login/verify/"
    return browser


def number_in(browser: Client, page: str = PAGE) -> str:
    """What the page shows, read as a person would."""
    found = NUMBER.search(browser.get(page).content.decode())
    assert found is not None
    return found[1]


def trial_of(phone: Phone) -> str:
    """The page that tries this phone out."""
    return f"/2fa/push/{device_of(phone).pk}/trial/"


def another(number: str) -> str:
    """A number that is well formed, and wrong."""
    return str(10 + (int(number) - 10 + 1) % 90)


def open_requests(user: User) -> int:
    return PushRequest.objects.open().filter(user=user).count()


def is_in(browser: Client) -> bool:
    return browser.get("/2fa/").status_code == 200

"""When, by which browser and from where a device was used last."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lib import place
from tests.bed.people import code_app, give_password, sign_in, totp_code

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from twofactor.models import TOTPDevice

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def device(alice: User) -> TOTPDevice:
    return code_app(alice)


@pytest.fixture(autouse=True)
def lausanne(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "approximate_place", lambda _ip: "Lausanne, Switzerland")


def test_a_sign_in_shows_on_the_device(device: TOTPDevice) -> None:
    browser = Client(HTTP_USER_AGENT=FIREFOX)
    sign_in(browser, device.user)

    page = browser.get("/2fa/").content.decode()

    assert "last used today at" in page
    assert "Firefox on Linux" in page
    assert "Lausanne, Switzerland (approximate)" in page


def test_a_wrong_code_leaves_no_trace_on_the_device(device: TOTPDevice) -> None:
    browser = Client(HTTP_USER_AGENT=FIREFOX)
    give_password(browser, device.user)
    browser.post("/login/verify/totp/", {"code": f"{(int(totp_code(device)) + 333_333) % 1_000_000:06d}"})

    device.refresh_from_db()
    assert (device.last_used_at, device.last_used_agent, device.last_used_place) == (None, "", "")


def test_it_is_written_with_the_answer_in_one_statement(device: TOTPDevice) -> None:
    browser = Client(HTTP_USER_AGENT=FIREFOX)
    give_password(browser, device.user)

    with CaptureQueriesContext(connection) as captured:
        browser.post("/login/verify/totp/", {"code": totp_code(device)})

    updates = [query["sql"] for query in captured if query["sql"].startswith('UPDATE "twofactor_totpdevice"')]
    assert len(updates) == 1
    device.refresh_from_db()
    assert device.last_used_agent == FIREFOX


def test_a_confirmation_counts_as_a_use(device: TOTPDevice, clock: TestClock) -> None:
    browser = Client()
    sign_in(browser, device.user)
    clock.advance(timedelta(minutes=1))

    browser.post("/confirm/", {"code": totp_code(device)}, headers={"user-agent": FIREFOX})

    device.refresh_from_db()
    assert device.last_used_agent == FIREFOX

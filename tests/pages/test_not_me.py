"""From an alert to a secured account: on a phone, signed out, in at most six clicks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from playwright.sync_api import expect

from tests.accounts.lock.locking import NEW, is_locked
from tests.accounts.mailbox import links_to
from tests.bed.browser import faults
from tests.bed.people import PASSWORD, code_app, sign_in, totp_code
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from playwright.sync_api import Page

    from accounts.user.models import User
    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]
    Picture = Callable[[str], None]

PHONE = {"width": 390, "height": 844}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def phone_app(transactional_db: None, alice: User, clock: TestClock) -> TOTPDevice:  # noqa: ARG001 - the server reads it
    """Alice's; she is known at home, and somebody has just signed in elsewhere."""
    device = code_app(alice)
    sign_in(Client(REMOTE_ADDR="203.0.113.7", HTTP_USER_AGENT=FIREFOX), alice)
    clock.advance(timedelta(minutes=1))
    sign_in(Client(REMOTE_ADDR="198.51.100.9", HTTP_USER_AGENT="curl/8.11.0"), alice)
    clock.advance(timedelta(minutes=1))
    return device


def test_on_a_phone_signed_out_it_takes_at_most_six_clicks(
    page: Page, alice: User, phone_app: TOTPDevice, outbox: Outbox
) -> None:
    page.set_viewport_size(PHONE)
    clicks = 0

    page.goto(links_to("/not-me/", outbox())[-1])
    clicks += 1  # on the link in the alert
    page.get_by_role("button", name="Lock my account").click()
    clicks += 1
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account is locked")
    page.goto(links_to("/password/reset/", outbox())[-1])
    clicks += 1  # on the link in the second mail
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Save password").click()
    clicks += 1
    page.get_by_label("6-digit code").fill(totp_code(phone_app))  # the last digit sends the form
    if "/verify/" in page.url and page.get_by_role("button", name="Continue").is_visible():
        clicks += 1  # counted though the script spares it

    expect(page).to_have_url("/secure/")
    expect(page.get_by_text("You’re signed in only here.")).to_be_visible()
    assert not is_locked(alice)
    assert clicks <= 6


def test_the_same_with_the_keyboard_alone(page: Page, phone_app: TOTPDevice, outbox: Outbox) -> None:
    page.goto(links_to("/not-me/", outbox())[-1])
    page.get_by_role("button", name="Lock my account").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url("/not-me/locked/")
    page.goto(links_to("/password/reset/", outbox())[-1])
    page.get_by_label("New password").focus()
    page.keyboard.type(NEW)
    page.keyboard.press("Enter")
    expect(page.get_by_label("6-digit code")).to_be_focused()
    page.keyboard.type(totp_code(phone_app))

    expect(page).to_have_url("/secure/")


def test_the_same_without_scripts(
    page_without_scripts: Page, base_url: str, phone_app: TOTPDevice, outbox: Outbox
) -> None:
    page = page_without_scripts
    page.set_viewport_size(PHONE)
    page.goto(base_url + links_to("/not-me/", outbox())[-1])
    page.get_by_role("button", name="Lock my account").click()
    page.goto(base_url + links_to("/password/reset/", outbox())[-1])
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Save password").click()
    page.get_by_label("6-digit code").fill(totp_code(phone_app))
    page.get_by_role("button", name="Continue").click()

    expect(page).to_have_url(f"{base_url}/secure/")


@pytest.mark.usefixtures("phone_app")
def test_its_pages(page: Page, alice: User, outbox: Outbox, picture: Picture) -> None:
    found: list[str] = []
    link = links_to("/not-me/", outbox())[-1]
    page.goto(link)
    found += faults(page)
    picture("not-me")
    page.get_by_role("button", name="Lock my account").click()
    found += faults(page)
    picture("not-me-locked")
    page.goto(link)
    found += faults(page)
    picture("not-me-over")

    give_password(page, alice)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account is locked")
    found += faults(page)
    picture("locked")

    assert not found, "\n".join(found)


def test_the_pages_behind_the_lock(
    page: Page, alice: User, phone_app: TOTPDevice, clock: TestClock, picture: Picture
) -> None:
    found: list[str] = []
    code_app(alice, "Strange phone")
    TOTPDevice.objects.filter(pk=phone_app.pk).update(created_at=clock.now() - timedelta(days=40))
    give_password(page, alice)
    page.get_by_label("6-digit code").fill(totp_code(phone_app))
    expect(page).to_have_url("/security/")
    page.goto("/secure/")
    found += faults(page)
    picture("secure")
    page.goto("/activity/")
    picture("activity")
    page.get_by_role("link", name="This wasn’t me").first.click()
    found += faults(page)
    picture("not-me-activity")
    TOTPDevice.objects.update(last_used_at=None, created_at=clock.now() - timedelta(days=40))
    page.goto("/security/")
    expect(page.get_by_role("button", name="Test now")).to_be_visible()
    found += faults(page)
    picture("check-up")

    assert not found, "\n".join(found)


def give_password(page: Page, user: User) -> None:
    page.goto("/login/")
    page.get_by_label("Email or username").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()

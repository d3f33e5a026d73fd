"""Codes without a connection, of one account and of several."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from lib import clock as portal_clock
from tests.bed.people import PASSWORD
from tests.pages.authenticator.phone import CLOCK_AHEAD, PHONE, AppPhone, give_password, look_at, prepare
from twofactor.methods.push.models import PushDevice

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from accounts.user.models import User
    from tests.bed.push_service import PushService


def oathtool(secret: str, at: float) -> str:
    moment = f"@{int(at)}"
    command = ["oathtool", "--totp", "--base32", f"--now={moment}", secret]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_codes_without_a_connection_are_those_of_another_program(phone: AppPhone, alice: User, page: Page) -> None:
    phone.link_here(alice)
    phone.open()
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    secret = PushDevice.objects.get(user=alice).secret

    phone.page.context.set_offline(True)
    phone.page.reload()
    expect(phone.page.get_by_text("You’re offline. Codes still work")).to_be_visible()
    shown = phone.code()
    at = portal_clock.now().timestamp()

    assert shown in {oathtool(secret, at), oathtool(secret, at - 30)}
    look_at(phone, "codes-offline")
    phone.follow("Requests")
    expect(phone.page.get_by_text("Offline. Enter the 6-digit code instead.")).to_be_visible()
    phone.follow("Codes")
    give_password(page, alice)
    page.get_by_role("link", name="Enter the 6-digit code").click()
    page.locator("input[name=code]").fill(phone.code())
    expect(page).to_have_url("/security/", timeout=15_000)
    phone.watch.faults.clear()  # what the browser said about the lost connection


def test_a_phone_whose_clock_is_a_day_ahead_works(
    page: Page, browser: Browser, base_url: str, service: PushService, alice: User
) -> None:
    context = browser.new_context(**PHONE, permissions=["notifications"])
    prepare(context, service)
    context.add_init_script(CLOCK_AHEAD % (24 * 3600 * 1000))
    phone = AppPhone(context.new_page(), base_url)
    phone.link_here(alice)
    phone.follow("Done")
    warning = phone.page.locator('[data-view="codes"] [data-f="clock"]')
    expect(warning).to_have_text("Your phone's clock is 24 hr off. Codes may be refused.")
    look_at(phone, "clock-off")
    secret = PushDevice.objects.get(user=alice).secret
    at = portal_clock.now().timestamp()
    assert phone.code() in {oathtool(secret, at), oathtool(secret, at - 30), oathtool(secret, at + 30)}

    number = give_password(page, alice)
    phone.heading("Is this you signing in?")
    phone.press("Yes, it’s me")
    phone.type_number(number)

    phone.heading("You're signed in on Chrome.")
    expect(page).to_have_url("/security/", timeout=15_000)
    context.close()


def test_several_accounts_are_ordered_and_named(phone: AppPhone, alice: User, bob: User) -> None:
    names = link_both(phone, alice, bob)
    look_at(phone, "codes")
    phone.press("Copy code for Bob Example")
    assert phone.page.evaluate("navigator.clipboard.readText()").isdigit()

    phone.press("Change the order")
    look_at(phone, "codes-order")
    phone.press("Move down Alice Example")
    expect(names).to_have_text(["Bob Example", "Alice Example"])
    expect(phone.page.get_by_role("button", name="Move up Alice Example")).to_be_focused()
    phone.page.get_by_role("link", name="Alice Example").click()
    phone.heading("Alice Example")
    look_at(phone, "account")
    phone.page.get_by_label("Name on this phone").fill("Work")
    phone.press("Save name")
    phone.heading("Work")
    phone.open()
    expect(names).to_have_text(["Bob Example", "Work"])


def test_an_account_turned_off_in_the_portal_says_so_until_it_is_removed(
    phone: AppPhone, alice: User, bob: User
) -> None:
    names = link_both(phone, alice, bob)

    turn_off_all(phone)

    phone.open()
    expect(phone.page.get_by_text("Turned off in account security on")).to_be_visible()
    expect(phone.page.locator(".otp")).to_have_count(1)
    look_at(phone, "codes-turned-off")
    phone.press("Remove Bob Example")
    expect(names).to_have_text(["Alice Example"])


def link_both(phone: AppPhone, alice: User, bob: User) -> Locator:
    """Two accounts on one phone; returns where their names stand."""
    phone.link_here(alice)
    phone.page.context.clear_cookies()  # signed out in the portal: the app's keys stay
    phone.open("add/")
    phone.follow("Log in from this phone instead")
    phone.log_in(bob)
    phone.press("Allow")
    phone.skip_trial()
    phone.save_codes()
    phone.follow("Done")
    names = phone.page.locator("#accounts strong")
    expect(names).to_have_text(["Alice Example", "Bob Example"])
    return names


def turn_off_all(phone: AppPhone) -> None:
    """In the portal, where this phone's browser is still signed in."""
    phone.page.goto(f"{phone.base_url}/2fa/disable/")
    phone.page.locator("input[type=password]").fill(PASSWORD)
    phone.page.get_by_role("button", name="Turn off").click()
    expect(phone.page).to_have_url(f"{phone.base_url}/2fa/")

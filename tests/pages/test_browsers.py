"""Remembered browsers and the pages about them, in real browsers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.test import Client
from playwright.sync_api import expect

from tests.bed.browser import faults
from tests.bed.people import PASSWORD, code_app, sign_in, totp_code
from twofactor.models import TOTPDevice, TrustedBrowser

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, BrowserContext, Page

    from accounts.user.models import User
    from tests.bed.clock import TestClock

IPAD = "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1"


def give_password(page: Page, user: User) -> None:
    page.goto("/login/")
    page.get_by_label("Email or username").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def sign_in_remembering(page: Page, user: User, *, has_scripts: bool = True) -> None:
    give_password(page, user)
    page.get_by_label("Don't ask again on this device for 30 days").check()
    page.get_by_label("6-digit code").fill(totp_code(TOTPDevice.objects.get(user=user)))
    if not has_scripts:  # else the code has sent itself
        page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url("/security/")


def sign_out(page: Page) -> None:
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url("/login/")


def copy_cookie(mine: BrowserContext, theirs: BrowserContext) -> None:
    theirs.add_cookies([cookie for cookie in mine.cookies() if cookie["name"] == "browser"])


def test_a_stolen_cookie_is_found_and_both_are_out(
    page: Page,
    browser: Browser,
    base_url: str,
    alice: User,
    clock: TestClock,
) -> None:
    """Two browsers of different people; the thief knows the password too."""
    code_app(alice)
    sign_in_remembering(page, alice)
    thiefs = browser.new_context(base_url=base_url)
    thief = thiefs.new_page()
    copy_cookie(page.context, thiefs)

    give_password(thief, alice)
    expect(thief).to_have_url("/security/")  # let in: nobody can tell yet
    clock.advance(timedelta(minutes=1))
    sign_out(page)
    give_password(page, alice)

    expect(page).to_have_url("/login/verify/totp/")
    thief.goto("/security/")
    expect(thief).to_have_url("/login/?next=/security/")
    assert TrustedBrowser.objects.get().ended_by == "stolen"
    assert "browser" not in [cookie["name"] for cookie in page.context.cookies()]
    thiefs.close()


def test_the_pages(page: Page, alice: User, clock: TestClock, picture: Callable[[str], None]) -> None:
    code_app(alice)
    sign_in(Client(HTTP_USER_AGENT=IPAD), alice)
    clock.advance(timedelta(minutes=20))
    sign_in_remembering(page, alice)
    found: list[str] = []
    for path, name in (
        ("/security/", "overview"),
        ("/sessions/", "sessions"),
        ("/2fa/browsers/", "remembered-browsers"),
        ("/2fa/", "methods-with-switch"),
    ):
        page.goto(path)
        found += faults(page)
        picture(name)

    assert not found, "\n".join(found)


def test_with_the_keyboard_alone(page: Page, alice: User) -> None:
    code_app(alice)
    give_password(page, alice)
    expect(page.get_by_label("6-digit code")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type(totp_code(TOTPDevice.objects.get(user=alice)))
    expect(page).to_have_url("/security/")
    page.goto("/2fa/")
    switch = page.get_by_role("switch", name="Ask for the second step every time I open my browser")
    expect(switch).not_to_be_checked()

    switch.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("switch")).to_be_checked()
    assert TrustedBrowser.objects.get().ended_by == "every_time"
    session = next(cookie for cookie in page.context.cookies() if cookie["name"] == "session")
    assert session["expires"] == -1  # it goes when the browser is closed


def test_without_scripts(page_without_scripts: Page, alice: User) -> None:
    page = page_without_scripts
    code_app(alice)
    sign_in_remembering(page, alice, has_scripts=False)
    page.goto("/2fa/browsers/")
    page.get_by_role("button", name="Forget", exact=False).first.click()

    expect(page.get_by_text("asks for the second step again")).to_be_visible()
    page.goto("/sessions/")
    page.get_by_role("button", name="Sign out everywhere, here as well").click()
    expect(page).to_have_url("/login/")

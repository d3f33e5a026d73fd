"""Living with two-step verification by keyboard alone, with JavaScript and without."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from playwright.sync_api import expect

from tests.bed import browser
from tests.bed.people import PASSWORD, code_app, sign_in, totp_code
from tests.twofactor.answers import with_backup_codes
from tests.twofactor.enrolment.front_door import code_of
from twofactor.models import BackupCodes, TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.keyboard import Keyboard

OVERVIEW = "Two-step verification (2FA)"
SAVE = "Save your backup codes"
SAVED = "I've saved these codes somewhere safe"
CODE = "6-digit code"


def give_password(keyboard: Keyboard, user: User) -> None:
    keyboard.page.goto("/login/")
    keyboard.type("Email or username", user.email)
    keyboard.type("Password", PASSWORD)
    keyboard.enter()


def enter(keyboard: Keyboard, user: User, clock: TestClock, device: TOTPDevice | None = None) -> None:
    """Signed in; the code that was needed for it is over."""
    give_password(keyboard, user)
    if device is not None:
        keyboard.sees("Enter the code from your app")
        keyboard.type_code(CODE, totp_code(device))
    expect(keyboard.page).to_have_url("/security/")
    keyboard.press("Two-step verification")
    keyboard.sees(OVERVIEW)
    clock.advance(timedelta(minutes=1))


def secret_on(keyboard: Keyboard) -> str:
    keyboard.press("Can’t scan? Type this key instead")
    shown = keyboard.page.locator("#totp-secret")
    expect(shown).to_be_visible()
    return re.sub(r"\s", "", shown.inner_text())


def codes_on(keyboard: Keyboard) -> list[str]:
    return keyboard.page.locator("#backup-codes code").all_inner_texts()


def says(keyboard: Keyboard, words: str) -> None:
    expect(keyboard.page.get_by_text(words).first).to_be_visible()  # an error stands above the form too


def turn_on(keyboard: Keyboard, name: str) -> None:
    keyboard.press("Turn on two-step verification")
    keyboard.sees("How do you want to confirm it’s you?")
    keyboard.choose(re.compile("^Code app"), among=re.compile("."))
    keyboard.press("Continue")
    keyboard.sees("Set up your code app")
    show_its_code(keyboard, name)


def show_its_code(keyboard: Keyboard, name: str) -> None:
    keyboard.type(CODE, code_of(secret_on(keyboard)))
    keyboard.type("Name (optional)", name)
    keyboard.press("Check code")


def test_from_nothing_to_saved_backup_codes(keyboard: Keyboard, alice: User, clock: TestClock) -> None:
    enter(keyboard, alice, clock)
    turn_on(keyboard, "My phone")
    keyboard.sees(SAVE)
    shown = codes_on(keyboard)
    assert len(shown) == 10

    with keyboard.page.expect_download() as download:
        keyboard.press("Download")
    written = download.value.path().read_text()
    assert keyboard.page.get_by_role("button", name="Download").count() == 1  # and not busy any more
    keyboard.press("Finish")
    expect(keyboard.page).to_have_title(re.compile("^Error: "))
    says(keyboard, "Tick the box when you've saved your codes")
    assert codes_on(keyboard) == shown  # whoever forgot the tick gets them once more
    keyboard.tick(SAVED)
    keyboard.press("Finish")

    keyboard.sees(OVERVIEW)
    says(keyboard, "Two-step verification is on. Add a second way to sign in")
    assert all(code in written for code in shown)
    assert TOTPDevice.objects.get(user=alice).name == "My phone"
    assert BackupCodes.objects.get(user=alice).saved_at is not None


def test_renewing_the_codes(keyboard: Keyboard, alice: User, clock: TestClock) -> None:
    with_backup_codes(alice)
    old = BackupCodes.objects.get(user=alice).plain
    enter(keyboard, alice, clock, TOTPDevice.objects.get(user=alice))
    keyboard.press(f"{SAVE} Backup codes")
    keyboard.sees(SAVE)
    keyboard.tick(SAVED)
    keyboard.press("Finish")
    keyboard.sees(OVERVIEW)

    keyboard.press("Manage Backup codes")
    keyboard.sees("Backup codes")
    keyboard.press("Create new codes")
    keyboard.sees("Create new backup codes?")
    keyboard.press("Create new codes")

    keyboard.sees(SAVE)
    new = codes_on(keyboard)
    assert len(new) == 10
    assert not set(new) & set(old)


@pytest.fixture
def sheet(page: Page, base_url: str, alice: User) -> Page:
    """Alice before her new codes."""
    with_backup_codes(alice)
    client = Client()
    sign_in(client, alice)
    browser.enter(page.context, client, base_url)
    page.goto("/2fa/backup-codes/")
    return page


@pytest.mark.parametrize("has_error", [False, True])
def test_the_printed_sheet(sheet: Page, alice: User, picture: Callable[[str], None], *, has_error: bool) -> None:
    """A ticket: boxes to tick, whose it is, what to do with it and where it is kept; on A4 and nothing beside it."""
    sheet.set_viewport_size({"width": 794, "height": 1123})
    expect(sheet.get_by_role("button", name="Print")).to_be_visible()

    if has_error:
        sheet.get_by_role("button", name="Finish").click()
        expect(sheet.get_by_role("alert")).to_be_visible()
    sheet.emulate_media(media="print", color_scheme="light")

    words = ("Kept at:", "Each code works once. Tick it off when you have used it.", "To sign in without your phone")
    for shown in (alice.email, alice.login_id, *words, *BackupCodes.objects.get(user=alice).plain):
        expect(sheet.get_by_text(shown).locator("visible=true")).to_have_count(1)
    expect(sheet.locator("#backup-codes .tick").locator("visible=true")).to_have_count(10)
    expect(sheet.get_by_role("alert").or_(sheet.get_by_role("banner")).locator("visible=true")).to_have_count(0)
    expect(sheet.get_by_role("heading").locator("visible=true")).to_have_count(1)
    expect(sheet.get_by_role("button").or_(sheet.get_by_role("navigation")).locator("visible=true")).to_have_count(0)
    expect(sheet.get_by_role("checkbox").locator("visible=true")).to_have_count(0)
    assert not browser.overflowing(sheet)
    assert sheet.pdf(format="A4").count(b"/Type /Page\n") == 1
    picture("codes-on-paper")


def test_print_and_copy(sheet: Page, base_url: str, alice: User) -> None:
    sheet.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=base_url)
    sheet.evaluate("window.print = () => { document.title = 'printed' }")

    sheet.get_by_role("button", name="Copy").click()
    expect(sheet.get_by_role("button", name="Copied")).to_be_visible()
    sheet.get_by_role("button", name="Print").click()

    expect(sheet).to_have_title("printed")
    assert sheet.evaluate("navigator.clipboard.readText()") == "\n".join(BackupCodes.objects.get(user=alice).plain)


def test_a_backup_code_and_what_was_lost(keyboard: Keyboard, alice: User) -> None:
    with_backup_codes(alice)
    code_app(alice, "Tablet")
    code = BackupCodes.objects.get(user=alice).plain[0]
    give_password(keyboard, alice)
    keyboard.sees("Enter the code from your app")
    keyboard.press("Try another way")
    keyboard.sees("Try another way")
    keyboard.press(re.compile("^Use a backup code"))
    keyboard.sees("Use a backup code")
    keyboard.type("Backup code", code.lower())
    keyboard.enter()

    keyboard.sees("What did you lose?")
    says(keyboard, "Signed in with a backup code. 9 left.")
    keyboard.press("It is lost Phone")
    keyboard.sees("Remove “Phone”?")
    keyboard.press("Remove")

    keyboard.sees("What did you lose?")
    says(keyboard, "“Phone” is removed.")
    assert TOTPDevice.objects.get(user=alice).name == "Tablet"


def test_turning_it_off(keyboard: Keyboard, alice: User, clock: TestClock) -> None:
    enter(keyboard, alice, clock, code_app(alice))
    keyboard.press("Turn off two-step verification")
    keyboard.sees("Turn off two-step verification?")
    keyboard.type("Your password", "not it")
    keyboard.press("Turn off")
    says(keyboard, "That is not your password.")
    keyboard.type("Your password", PASSWORD)
    keyboard.press("Turn off")

    keyboard.sees(OVERVIEW)
    says(keyboard, "Your account is protected by your password only.")
    assert not TOTPDevice.objects.filter(user=alice).exists()


def test_replacing_a_code_app(keyboard: Keyboard, alice: User, clock: TestClock) -> None:
    enter(keyboard, alice, clock, code_app(alice, "Old phone"))
    keyboard.press("Manage Old phone")
    keyboard.sees("Old phone")
    keyboard.press("Replace it")
    keyboard.sees("Replace “Old phone”")
    show_its_code(keyboard, "New phone")

    keyboard.sees(OVERVIEW)
    assert [left.name for left in TOTPDevice.objects.filter(user=alice)] == ["New phone"]


def test_confirming_keeps_what_was_typed(keyboard: Keyboard, alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    enter(keyboard, alice, clock, device)
    keyboard.press("Manage Phone")
    keyboard.sees("Phone")
    clock.advance(timedelta(minutes=16))
    keyboard.type("Name", "Grandmother’s phone")
    keyboard.press("Save name")
    keyboard.sees("Confirm it’s you")
    keyboard.type(CODE, totp_code(device))
    keyboard.press("Confirm")

    keyboard.sees("Phone")
    expect(keyboard.page.get_by_label("Name")).to_have_value("Grandmother’s phone")
    keyboard.press("Save name")
    keyboard.sees(OVERVIEW)
    assert TOTPDevice.objects.get(pk=device.pk).name == "Grandmother’s phone"

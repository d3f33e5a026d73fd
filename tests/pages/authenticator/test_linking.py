"""Linking a phone: by signing in on it, or by the code of a computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.bed import browser as bed
from tests.bed import camera
from tests.bed.people import PASSWORD
from tests.pages.authenticator.phone import PHONE, AppPhone, look_at, prepare, type_password
from twofactor.methods.push.models import PushDevice

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Playwright

    from accounts.user.models import User
    from tests.bed.push_service import PushService


NOTE_PRESSES = """document.addEventListener('click', ({target}) => {
    const pressed = target.closest('a, button, input[type=submit]');
    if (pressed) notePress(pressed.textContent.trim());
}, true)"""


def test_a_pairing_code_and_two_digits_link_a_phone(page: Page, phone: AppPhone, alice: User) -> None:
    give_password_without_method(page, alice)
    page.goto("/2fa/push/add/")
    code = page.locator("#pairing-code").inner_text()
    phone.open()
    look_at(phone, "welcome")
    phone.follow("Log in from a computer")
    look_at(phone, "add")

    phone.page.get_by_label("Pairing code").fill("nonsense")
    phone.press("Continue")
    expect(phone.page.get_by_text("That code is not right, or it ran out.")).to_be_visible()
    look_at(phone, "add-wrong")
    phone.page.get_by_label("Pairing code").fill(code.lower())
    phone.press("Continue")

    confirm_on_the_computer(page, phone)
    try_out_from_the_computer(page, phone)
    shown = phone.save_codes()
    assert len(shown) == 10
    device = PushDevice.objects.get(user=alice, confirmed=True)

    page.goto(f"/2fa/push/{device.pk}/")
    look_at(AppPhone(page, phone.base_url), "manage")
    page.get_by_role("button", name="Send a test request").click()
    expect(page.locator(".plate b")).to_be_visible()


def test_a_qr_code_is_scanned_with_the_camera(
    page: Page, playwright: Playwright, base_url: str, service: PushService, *, alice: User, tmp_path: Path
) -> None:
    """In a browser without a detector of its own: jsQR, which make assets installs, reads it.

    From the code on the screen to the linked phone in five steps, and nothing is typed but the two digits.
    """
    give_password_without_method(page, alice)
    page.goto("/2fa/push/add/")
    arguments = camera.film(with_surroundings(page), tmp_path / "film.mjpeg")
    browser = playwright.chromium.launch(executable_path=bed.chromium(), args=[*bed.ARGUMENTS, *arguments])
    context = browser.new_context(**PHONE, permissions=["camera", "notifications"])
    prepare(context, service)
    phone = AppPhone(context.new_page(), base_url)
    phone.open()
    done = [count_presses(page), count_presses(phone.page)]

    phone.follow("Log in from a computer")
    phone.press("Scan the QR code")
    confirm_on_the_computer(page, phone)

    expect(page.get_by_role("heading", name="is linked. Now let’s test it.")).to_be_visible()
    presses = [press for one in done for press in one]
    assert presses == ["Link this phone", "Log in from a computer", "Scan the QR code"]
    assert len(presses) + len(["hold the phone to the screen", "type the two digits"]) <= 5
    phone.heading("This is only a test. Is it you?")
    phone.press("Yes, it’s me")
    phone.heading("Enter the number of the test")
    look_at(phone, "trial-number-pad")
    phone.press("Skip the test")
    phone.save_codes()
    assert not phone.faults
    browser.close()


def count_presses(page: Page) -> list[str]:
    """What is pressed on the page from now on, as it is called."""
    pressed: list[str] = []
    page.expose_function("notePress", lambda name: pressed.append(name))  # noqa: PLW0108 - it wants a function of Python's own
    page.add_init_script(NOTE_PRESSES)
    page.evaluate(NOTE_PRESSES)
    return pressed


def with_surroundings(page: Page) -> bytes:
    """The QR code on the screen, and what is around it, as a camera sees it."""
    box = page.locator("svg.qr").bounding_box()
    assert box is not None
    around = 30
    clip = {"x": box["x"] - around, "y": box["y"] - around}
    size = {"width": box["width"] + 2 * around, "height": box["height"] + 2 * around}
    return page.screenshot(clip={**clip, **size}, full_page=True)


def test_without_a_camera_the_code_is_typed(phone: AppPhone) -> None:
    phone.open("add/")

    phone.press("Scan the QR code")  # no camera, and no permission

    expect(phone.page.get_by_text("can’t use the camera. Type the pairing code instead.")).to_be_visible()
    expect(phone.page.get_by_label("Pairing code")).to_be_focused()
    look_at(phone, "no-camera")


def test_on_the_phone_itself_the_app_comes_first_and_the_square_second(
    page: Page, browser: Browser, base_url: str, service: PushService, alice: User
) -> None:
    """Nobody scans their own screen."""
    context = browser.new_context(**PHONE, has_touch=True, is_mobile=True)
    prepare(context, service)
    phone = AppPhone(context.new_page(), base_url)
    phone.page.goto(f"{base_url}/login/?next=/2fa/push/add/")
    phone.page.get_by_label("Email or username").fill(alice.email)
    phone.page.get_by_label("Password", exact=True).fill(PASSWORD)
    phone.press("Continue")

    here = phone.page.get_by_role("link", name="Open Sallyport here")
    expect(phone.page.get_by_text("You’re on your phone.")).to_be_visible()
    first, second = here.bounding_box(), phone.page.locator("svg.qr").bounding_box()
    assert first is not None
    assert second is not None
    assert first["y"] < second["y"]
    look_at(phone, "link-on-phone")
    here.click()
    phone.follow("Log in from this phone")
    phone.heading("Let this phone approve sign-ins?")
    assert not phone.faults
    context.close()

    give_password_without_method(page, alice)
    page.goto("/2fa/push/add/")
    expect(page.get_by_text("You’re on your phone.")).to_be_hidden()
    expect(page.get_by_role("link", name=f"{base_url}/authenticator/")).to_have_attribute("href", "/authenticator/")
    look_at(AppPhone(page, base_url), "link-computer")


def test_a_second_account_is_logged_in_from_the_same_phone(phone: AppPhone, alice: User, bob: User) -> None:
    phone.link_here(alice)
    phone.open()
    phone.follow("Add an account")
    phone.follow("Log in from this phone instead")
    phone.heading("Let this phone approve sign-ins?")
    expect(phone.page.get_by_text(f"Not {alice.first_name}?")).to_be_visible()
    look_at(phone, "allow-another")

    phone.press("Log in with another account")
    phone.log_in(bob)
    expect(phone.page.get_by_text(bob.email)).to_be_visible()
    phone.press("Allow")
    phone.skip_trial()
    phone.save_codes()

    assert set(PushDevice.objects.values_list("user", flat=True)) == {alice.pk, bob.pk}
    phone.open()
    expect(phone.page.locator(".otp")).to_have_count(2)


@pytest.mark.usefixtures("transactional_db")
def test_notifications_are_asked_for_only_when_wanted(
    browser: Browser, base_url: str, service: PushService, alice: User
) -> None:
    context = browser.new_context(**PHONE)
    prepare(context, service)
    phone = AppPhone(context.new_page(), base_url)
    phone.open()
    phone.follow("Log in from this phone")
    phone.log_in(alice)
    look_at(phone, "allow")
    phone.press("Allow")
    phone.heading("Turn on notifications so requests reach you")
    look_at(phone, "notifications")

    context.grant_permissions(["notifications"], origin=base_url)
    phone.press("Turn on")

    try_out_here(phone)
    phone.heading("Save your backup codes")
    look_at(phone, "backup-codes")
    with phone.page.expect_download() as download:
        phone.press("Download")
    text = download.value.path().read_text(encoding="utf-8")
    assert all(code in text for code in phone.save_codes())
    look_at(phone, "linked")
    assert PushDevice.objects.get(user=alice).subscription is not None
    context.close()


def give_password_without_method(page: Page, user: User) -> None:
    type_password(page, user)
    expect(page).to_have_url("/security/")


def confirm_on_the_computer(page: Page, phone: AppPhone) -> None:
    phone.heading("Enter this number on the computer")
    look_at(phone, "check")
    check = phone.page.locator('[data-f="check"]').inner_text()
    field = page.locator("input[name=number]")
    expect(field).to_be_visible(timeout=15_000)
    field.fill(check)
    page.get_by_role("button", name="Link this phone").click()


def try_out_here(phone: AppPhone) -> None:
    """A wrong number, and then the right one: on one phone the app shows it first."""
    phone.heading("Now let’s test it")
    look_at(phone, "trial")
    phone.press("Send a test request")
    phone.heading("Remember this number")
    look_at(phone, "trial-number")
    number = phone.page.locator('[data-f="trial-number"]').inner_text()
    phone.follow("Answer the test")
    phone.heading("This is only a test. Is it you?")
    look_at(phone, "trial-request")
    phone.press("Yes, it’s me")
    phone.type_number(str(10 + (int(number) - 9) % 90), "Enter the number of the test")
    phone.heading("That number doesn't match. This was only a test, so you can try again.")
    look_at(phone, "trial-wrong-number")
    phone.follow("Continue")

    phone.heading("Now let’s test it")
    phone.press("Send a test request")
    phone.heading("Remember this number")
    number = phone.page.locator('[data-f="trial-number"]').inner_text()
    phone.follow("Answer the test")
    phone.press("Yes, it’s me")
    phone.type_number(number, "Enter the number of the test")
    phone.heading("It works. This phone can approve your sign-ins.")
    look_at(phone, "trial-approved")
    phone.follow("Continue")


def try_out_from_the_computer(page: Page, phone: AppPhone) -> None:
    """The number stands on the computer, which goes on by itself."""
    expect(page.get_by_role("heading", name="is linked. Now let’s test it.")).to_be_visible()
    look_at(AppPhone(page, phone.base_url), "trial-computer")
    phone.heading("This is only a test. Is it you?")
    phone.press("Yes, it’s me")
    phone.type_number(page.locator(".plate b").inner_text(), "Enter the number of the test")
    phone.heading("It works. This phone can approve your sign-ins.")
    expect(page.get_by_text("It works. Your phone can approve your sign-ins.")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("link", name="Continue")).to_have_attribute("href", "/2fa/backup-codes/")
    phone.follow("Continue")

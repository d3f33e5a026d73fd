"""Passkeys and security keys in a real browser (WA-10)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.test import Client
from playwright.sync_api import expect

from accounts.sessions.models import Session
from audit.models import SecurityEvent
from tests.bed.browser import enter, faults
from tests.bed.people import PASSWORD, code_app, security_key, sign_in, totp_code
from tests.bed.virtual_key import OLD_KEY, PASSKEY, PIN_KEY, SECURITY_KEY, SYNCED, plug_in
from twofactor.devices.actions import make_missing_backups
from twofactor.methods.webauthn.models import WebAuthnDevice
from twofactor.models import BackupCodes, TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User

ADD = "/2fa/webauthn/add/"
NO_AUTOFILL = "delete PublicKeyCredential.isConditionalMediationAvailable"
USE = "Use passkey or security key"


@pytest.fixture(autouse=True)
def at_its_address(settings: SettingsWrapper, base_url: str) -> None:
    """Keys are bound to where the pages are."""
    settings.SITE_URL = base_url


def come_in(page: Page, user: User, base_url: str) -> None:
    client = Client()
    sign_in(client, user)
    enter(page.context, client, base_url)


def add(page: Page, name: str = "Blue key") -> None:
    page.goto(ADD)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add passkey or key").click()


def fill_in_password(page: Page, user: User) -> None:
    page.goto("/login/")
    page.get_by_label("Email or username").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)


def give_password(page: Page, user: User) -> None:
    fill_in_password(page, user)
    page.get_by_role("button", name="Continue").click()


def confirm(page: Page) -> None:
    """In the words of the sign-in page: a passkey is asked for by the browser, not typed here."""
    expect(page.get_by_role("heading", name="Use your passkey or security key")).to_be_visible()
    expect(page.get_by_text("Have it ready, then press the button. Your browser will ask for it.")).to_be_visible()
    page.get_by_role("button", name=USE).click()


def drop_sudo() -> None:
    Session.objects.update(sudo_until=None)


KINDS = {
    "passkey": PASSKEY,
    "synced passkey": {**PASSKEY, **SYNCED},
    "key with a PIN": PIN_KEY,
    "key without": SECURITY_KEY,
    "old key": OLD_KEY,
}


@pytest.mark.parametrize("kind", KINDS)
def test_from_adding_to_removing(kind: str, page: Page, alice: User, base_url: str) -> None:
    key = plug_in(page, KINDS[kind])
    page.add_init_script(NO_AUTOFILL)  # else a passkey signs in before the password is typed
    code_app(alice)
    come_in(page, alice, base_url)

    add(page)
    expect(page.get_by_text("Key added. Add a second one now and keep it somewhere safe.")).to_be_visible()
    page.goto("/2fa/")
    expect(page.get_by_text("Synced" if kind == "synced passkey" else "On this device only")).to_be_visible()
    device = WebAuthnDevice.objects.get(user=alice)

    page.context.clear_cookies()
    give_password(page, alice)
    if page.url.endswith("/totp/"):
        page.goto("/login/verify/webauthn/")
    page.get_by_role("button", name=USE).click()
    expect(page).to_have_url("/security/")

    drop_sudo()
    page.goto(f"/2fa/webauthn/{device.pk}/remove/")
    expect(page).to_have_url(re.compile("/confirm/"))
    confirm(page)
    expect(page).to_have_url(re.compile("/remove/$"))
    page.get_by_role("button", name="Remove").click()

    expect(page).to_have_url("/2fa/")
    assert not WebAuthnDevice.objects.exists()
    if KINDS[kind]["hasResidentKey"]:  # others keep no list that could be wrong
        wait_for(page, lambda: key.credentials() == [])


class Clicks:
    """A person with a mouse, who clicks on what the page offers."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def on(self, *names: str) -> None:
        """One after the other, each a button or a link of the page that the one before has led to."""
        for name in names:
            main = self.page.locator("main")
            main.get_by_role("button", name=name).or_(main.get_by_role("link", name=name)).click()
            self.count += 1

    def choose(self, name: str) -> None:
        self.page.get_by_role("radio", name=re.compile(f"^{name}")).check(force=True)
        self.count += 1


@pytest.fixture
def code(alice: User) -> str:
    """Of Alice, who has nothing but her phone and the sheet."""
    code_app(alice, "My phone")
    with transaction.atomic():
        make_missing_backups(alice)
    plain: list[str] = BackupCodes.objects.get(user=alice).plain
    return plain[0]


def test_lost_phone_to_safe_in_nine_clicks(page: Page, alice: User, code: str) -> None:
    """The old phone is gone then, and nobody had to look for a page."""
    plug_in(page, PASSKEY)
    page.add_init_script(NO_AUTOFILL)
    clicks = Clicks(page)

    fill_in_password(page, alice)
    clicks.on("Continue", "Try another way", "Use a backup code")
    page.get_by_label("Backup code").fill(code)
    clicks.on("Continue", "Add a new way to sign in")
    clicks.choose("Passkey or security key")
    clicks.on("Continue", "Add passkey or key", "Remove “My phone”")

    expect(page.get_by_text("“My phone” is removed.")).to_be_visible()
    assert clicks.count <= 9
    assert not TOTPDevice.objects.exists()
    assert WebAuthnDevice.objects.filter(user=alice).count() == 1


def test_its_pages(page: Page, alice: User, code: str, picture: Callable[[str], None]) -> None:
    plug_in(page, PASSKEY)
    page.add_init_script(NO_AUTOFILL)
    fill_in_password(page, alice)
    clicks = Clicks(page)
    found: list[str] = []
    clicks.on("Continue", "Try another way", "Use a backup code")
    page.get_by_label("Backup code").fill(code)

    def look(title: str, name: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        found.extend(faults(page))
        picture(name)

    clicks.on("Continue")
    look("What did you lose?", "lost")
    clicks.on("It is lost")
    look("Remove “My phone”?", "remove-only-one")
    page.goto("/security/")
    look("Almost there, Alice.", "lost-reminder")
    page.goto(f"{ADD}?next=/2fa/lost/")
    clicks.on("Add passkey or key")
    look("Is “My phone” lost?", "lost-replaced")
    drop_sudo()
    page.goto("/2fa/add/")
    look("Confirm it’s you", "confirm-key")

    assert not found, "\n".join(found)


def wait_for(page: Page, is_so: Callable[[], bool]) -> None:
    for _ in range(100):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came to pass")


def with_passkey(page: Page, user: User, base_url: str, **changes: Any) -> Any:
    """A person with a passkey, signed out."""
    key = plug_in(page, PASSKEY, **changes)
    come_in(page, user, base_url)
    add(page)
    expect(page).to_have_url("/2fa/backup-codes/")
    page.context.clear_cookies()
    return key


def test_signing_in_by_autofill(page: Page, alice: User, base_url: str) -> None:
    with_passkey(page, alice, base_url)

    page.goto("/login/?next=/activity/")

    expect(page).to_have_url("/activity/")
    assert Session.objects.filter(user=alice, proved_by="webauthn", ended_at=None).exists()


def test_signing_in_by_the_button(page: Page, alice: User, base_url: str) -> None:
    with_passkey(page, alice, base_url)

    page.goto("/login/passkey/")
    page.get_by_role("button", name="Use a passkey").click()

    expect(page).to_have_url("/security/")


def test_signing_in_by_the_button_where_nothing_is_filled_in(page: Page, alice: User, base_url: str) -> None:
    with_passkey(page, alice, base_url)
    page.add_init_script(NO_AUTOFILL)

    page.goto("/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page).to_have_url("/security/")


def test_a_finger_that_is_not_known_signs_nobody_in(page: Page, alice: User, base_url: str) -> None:
    key = with_passkey(page, alice, base_url)
    key.set(isUserVerified=False)
    page.goto("/login/passkey/")

    page.get_by_role("button", name="Use a passkey").click()

    expect(page.get_by_role("alert")).to_have_text("Your browser stopped the check. Try again or choose another way.")
    assert not SecurityEvent.objects.filter(slug="second_factor.failed").exists()
    assert not faults(page)


def test_a_check_that_was_cancelled_counts_nothing(page: Page, alice: User) -> None:
    security_key(alice)
    plug_in(page, SECURITY_KEY)
    page.add_init_script("navigator.credentials.get = async () => { throw new DOMException('', 'NotAllowedError') }")
    give_password(page, alice)
    button = page.get_by_role("button", name=USE)

    button.click()

    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_have_text("Your browser stopped the check. Try again or choose another way.")
    expect(button).to_be_enabled()
    expect(page.get_by_role("link", name="Try another way")).to_be_visible()
    assert not SecurityEvent.objects.filter(slug="second_factor.failed").exists()
    assert not faults(page)


def test_a_key_that_is_there_already_is_not_added_again(page: Page, alice: User, base_url: str) -> None:
    plug_in(page, PASSKEY)
    come_in(page, alice, base_url)
    add(page)
    expect(page).to_have_url("/2fa/backup-codes/")

    add(page, "Red key")

    expect(page.get_by_role("alert")).to_have_text("This key is already on your account.")
    assert not faults(page)


def test_a_passkey_that_no_account_has_is_forgotten_by_the_browser(page: Page, alice: User, base_url: str) -> None:
    key = with_passkey(page, alice, base_url)
    WebAuthnDevice.objects.all().delete()

    page.goto("/login/passkey/")
    page.get_by_role("button", name="Use a passkey").click()

    expect(page.get_by_role("alert")).to_have_text("This key isn't linked to your account.")
    wait_for(page, lambda: key.credentials() == [])


def test_a_new_name_reaches_the_passkey(page: Page, alice: User, base_url: str) -> None:
    key = plug_in(page, PASSKEY)
    come_in(page, alice, base_url)
    add(page)
    expect(page).to_have_url("/2fa/backup-codes/")
    alice.name = "Alice Renamed"
    alice.save(update_fields=["name"])

    page.goto("/settings/")

    wait_for(page, lambda: key.credentials()[0]["userDisplayName"] == "Alice Renamed")


def test_trying_a_key(page: Page, alice: User, base_url: str, picture: Callable[[str], None]) -> None:
    plug_in(page, PASSKEY)
    come_in(page, alice, base_url)
    page.goto(ADD)
    picture("key-add")
    add(page)
    expect(page).to_have_url("/2fa/backup-codes/")
    page.goto("/2fa/")
    picture("key-overview")

    page.get_by_role("link", name="Manage").first.click()
    picture("key-manage")
    page.get_by_role("link", name="Try this key now").click()
    assert not faults(page)
    page.get_by_role("button", name=USE).click()

    expect(page.get_by_text("“Blue key” works.")).to_be_visible()
    assert not faults(page)


def test_the_page_that_asks_for_a_key(page: Page, alice: User, picture: Callable[[str], None]) -> None:
    security_key(alice)
    page.goto("/login/")
    picture("login")
    give_password(page, alice)

    expect(page.get_by_role("heading", level=1)).to_have_text("Use your passkey or security key")
    picture("key-verify")
    assert not faults(page)


def test_without_scripts_it_is_not_offered_and_the_page_says_why(page_without_scripts: Page, alice: User) -> None:
    page = page_without_scripts
    security_key(alice)
    code_app(alice)
    page.goto("/login/")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()

    give_password(page, alice)
    expect(page.get_by_text("Passkeys and security keys need JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name=USE)).to_be_hidden()
    page.get_by_role("link", name="Try another way").click()

    expect(page.get_by_text("Use your passkey or security key")).to_be_hidden()
    expect(page.get_by_text("Enter a code from Sallyport or your code app")).to_be_visible()
    expect(page.get_by_text("Passkeys and security keys need JavaScript")).to_be_visible()


def test_a_key_that_may_be_copied_is_not_asked_for_and_the_page_says_why(page: Page, alice: User) -> None:
    security_key(alice)
    WebAuthnDevice.objects.update(flagged_at="2026-01-01T00:00Z")
    phone = code_app(alice)

    give_password(page, alice)

    expect(page.get_by_role("alert").first).to_contain_text("This key may have been copied")
    expect(page.get_by_role("button", name=USE)).to_have_count(0)
    assert faults(page, "key-copied") == []
    page.get_by_role("link", name="Try another way").click()
    page.get_by_role("link", name="Enter a code").click()
    page.get_by_label("6-digit code").fill(totp_code(phone))
    page.wait_for_url("**/security/")
    drop_sudo()
    page.goto("/confirm/?method=webauthn&next=/password/")
    expect(page.get_by_role("alert").first).to_contain_text("This key may have been copied")
    expect(page.get_by_role("button", name="Confirm")).to_have_count(0)
    assert faults(page, "key-copied-confirm") == []

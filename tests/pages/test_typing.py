"""What fingers, keys, clipboards and older browsers do to our fields, in a real one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from playwright.sync_api import expect

from audit.models import SecurityEvent
from lib.models import Counter
from tests.bed.browser import enter
from tests.bed.people import PASSWORD, code_app, sign_in, totp_code
from tests.bed.virtual_key import PASSKEY, plug_in
from twofactor.models import TrustedBrowser, WebAuthnDevice

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User

TOUCHED = "cccccctbgkllrntuvdehhicjnifgrulchlrdvdevruki"
NO_JSON = """
    delete PublicKeyCredential.parseCreationOptionsFromJSON
    delete PublicKeyCredential.parseRequestOptionsFromJSON
    delete PublicKeyCredential.prototype.toJSON
    delete PublicKeyCredential.isConditionalMediationAvailable
"""
REFUSES = "Clipboard.prototype.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
LONGEST = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenh"


@pytest.fixture(autouse=True)
def at_its_address(settings: SettingsWrapper, base_url: str) -> None:
    settings.SITE_URL = base_url


def come_in(page: Page, user: User, base_url: str) -> None:
    client = Client()
    sign_in(client, user)
    enter(page.context, client, base_url)


def give_password(page: Page, user: User) -> None:
    page.goto("/login/")
    page.get_by_label("Email or username").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def test_a_touched_key_costs_nothing(page: Page, alice: User) -> None:
    device = code_app(alice)
    give_password(page, alice)
    field = page.get_by_label("6-digit code")
    expect(field).to_be_focused()
    Counter.objects.all().delete()
    posts: list[Request] = []
    page.on("request", lambda request: posts.append(request) if request.method == "POST" else None)

    for _touch in range(2):
        page.keyboard.type(TOUCHED)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Your security key typed this")).to_be_visible()
        expect(field).to_be_focused()

    assert len(posts) == 2, "Enter sends; letters do not"
    assert not Counter.objects.exists()
    assert not SecurityEvent.objects.filter(slug="second_factor.failed").exists()
    page.keyboard.type(totp_code(device))
    expect(page).to_have_url("/security/")


def test_the_box_comes_before_the_field_whose_last_digit_sends(page: Page, alice: User) -> None:
    code = totp_code(code_app(alice))
    give_password(page, alice)
    expect(page.get_by_label("6-digit code")).to_be_focused()

    page.keyboard.type(code[:5])
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    page.keyboard.type(code[5])

    expect(page).to_have_url("/security/")
    assert TrustedBrowser.objects.count() == 1


@pytest.mark.parametrize("digits", ["０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩"])
def test_digits_of_other_keyboards_send_themselves(digits: str, page: Page, alice: User) -> None:
    code = totp_code(code_app(alice))
    give_password(page, alice)
    expect(page.get_by_label("6-digit code")).to_be_focused()

    page.keyboard.insert_text(code.translate(str.maketrans("0123456789", digits)))

    expect(page).to_have_url("/security/")


@pytest.mark.parametrize("how", [REFUSES, "Object.defineProperty(navigator, 'clipboard', { value: undefined })"])
def test_a_refused_copy_says_so_and_selects_the_text(how: str, page: Page, alice: User, base_url: str) -> None:
    come_in(page, alice, base_url)
    page.add_init_script(how)
    page.goto("/2fa/totp/add/")
    page.get_by_text("Can’t scan? Type this key instead").click()

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("button", name="Selected: copy it yourself")).to_be_visible()
    expect(page.locator("#announce")).to_have_text("Selected: copy it yourself")
    shown = page.locator("#totp-secret").inner_text()
    assert page.evaluate("getSelection().toString()").strip() == shown.strip()


def test_a_browser_without_json_for_keys_uses_them_all_the_same(page: Page, alice: User, base_url: str) -> None:
    plug_in(page, PASSKEY)
    page.add_init_script(NO_JSON)
    come_in(page, alice, base_url)
    page.goto("/2fa/webauthn/add/")
    page.get_by_role("button", name="Add passkey or key").click()
    expect(page).to_have_url(re.compile("/2fa/backup-codes/"))
    assert WebAuthnDevice.objects.get().transports

    page.context.clear_cookies()
    give_password(page, alice)
    page.get_by_role("button", name="Use passkey or security key").click()

    expect(page).to_have_url("/security/")


def test_a_key_at_another_name_says_where_keys_work(
    page: Page, alice: User, base_url: str, settings: SettingsWrapper
) -> None:
    settings.PASSKEY_RP_ID, settings.SITE_URL = "account.example.org", "https://account.example.org"
    plug_in(page, PASSKEY)
    come_in(page, alice, base_url)
    page.goto("/2fa/webauthn/add/")

    page.get_by_role("button", name="Add passkey or key").click()

    expect(page.get_by_text("only work at https://account.example.org. Open that address")).to_be_visible()


PAGES = [
    *("/security/", "/2fa/", "/2fa/add/", "/2fa/disable/", "/2fa/lost/", "/profile/", "/settings/", "/email/"),
    *("/activity/", "/sessions/", "/password/", "/settings/delete/"),
]


def test_long_names_without_blanks_fit_the_smallest_screen(page: Page, alice: User, base_url: str) -> None:
    alice.name = LONGEST * 2
    alice.save(update_fields=["name"])
    type(alice).objects.filter(pk=alice.pk).update(email="x" * 64 + "@" + "y" * 60 + ".example")
    alice.refresh_from_db()
    type(alice).objects.filter(pk=alice.pk).update(email_compared=alice.email)
    device = code_app(alice, name=LONGEST)
    come_in(page, alice, base_url)
    page.set_viewport_size({"width": 320, "height": 800})
    manage = [f"/2fa/totp/{device.pk}/", f"/2fa/totp/{device.pk}/remove/", f"/2fa/totp/{device.pk}/replace/"]

    wide = {}
    for path in [*PAGES, *manage]:
        page.goto(path)
        for menu in page.locator("details.menu summary").all():
            menu.click()
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 320:
            wide[path] = width
    assert wide == {}

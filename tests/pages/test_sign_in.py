"""Signing in as people do: with a keyboard alone, without scripts, with another program's codes."""

from __future__ import annotations

import io
import re
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from tests.bed.people import PASSWORD, code_app, totp_code
from twofactor.methods.totp.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Response

    from accounts.user.models import User


def test_with_the_keyboard_alone(page: Page, alice: User) -> None:
    device = code_app(alice)
    page.goto("/login/")

    page.get_by_label("Email or username").focus()
    page.keyboard.type(alice.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("6-digit code")).to_be_focused()
    page.keyboard.type(totp_code(device))  # the last digit sends the form

    expect(page).to_have_url("/security/")


def test_after_a_wrong_code_the_next_one_is_typed_at_once(page: Page, alice: User) -> None:
    right = totp_code(code_app(alice))
    wrong = f"{(int(right) + 500_000) % 1_000_000:06}"
    page.goto("/login/")
    page.get_by_label("Email or username").fill(alice.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("6-digit code")).to_be_focused()

    page.keyboard.type(wrong)
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_label("6-digit code")).to_be_focused()
    page.keyboard.type(right)

    expect(page).to_have_url("/security/")


def test_without_scripts(page_without_scripts: Page, alice: User) -> None:
    page, device = page_without_scripts, code_app(alice)
    page.goto("/login/")

    page.get_by_label("Email or username").fill(alice.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("6-digit code").fill(totp_code(device))
    page.get_by_role("button", name="Continue").click()

    expect(page).to_have_url("/security/")


def test_it_asks_for_little(page: Page, alice: User) -> None:
    """A browser that has seen nothing of us; forms it sends and questions a script asks are not what a page weighs."""
    device = code_app(alice)
    seen: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.request.method == "GET" and response.status == 200:
            seen.setdefault(response.url, response.request.sizes()["responseBodySize"])

    page.on("response", weigh)
    page.goto("/login/", wait_until="networkidle")
    assert len(seen) <= 4
    assert sum(seen.values()) <= 15_000

    page.get_by_label("Email or username").fill(alice.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("6-digit code").fill(totp_code(device))
    expect(page).to_have_url("/security/")
    page.wait_for_load_state("networkidle")

    assert len(seen) <= 5, seen
    assert sum(seen.values()) <= 30 * 1024


def test_a_code_app_is_added_by_its_picture_alone(page: Page, alice: User, picture: Callable[[str], None]) -> None:
    """The QR code is read from the screen, and the codes come from another implementation (oathtool)."""
    sign_in(page, alice)
    picture("2fa-off")
    page.goto("/2fa/totp/add/")
    picture("code-app")
    secret = secret_on_screen(page)

    page.get_by_label("6-digit code").fill(oathtool(secret))
    if page.url.endswith("/2fa/totp/add/"):
        page.get_by_role("button", name="Check code").click()

    expect(page).not_to_have_url("/2fa/totp/add/")
    page.goto("/2fa/")
    expect(page.get_by_text("You have only one method.")).to_be_visible()
    assert TOTPDevice.objects.get(user=alice).secret == secret
    picture("2fa-on")


def sign_in(page: Page, user: User) -> None:
    page.goto("/login/")
    page.get_by_label("Email or username").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url("/security/")


def secret_on_screen(page: Page) -> str:
    shown = Image.open(io.BytesIO(page.locator("svg.qr").screenshot()))
    uri = urlsplit(zxingcpp.read_barcodes(shown)[0].text)
    assert uri.scheme == "otpauth"
    return parse_qs(uri.query)["secret"][0]


def oathtool(secret: str) -> str:
    return subprocess.run(
        ["oathtool", "--totp", "--base32", secret], check=True, capture_output=True, text=True
    ).stdout.strip()

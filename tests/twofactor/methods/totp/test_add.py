"""/2fa/totp/add/: turning a code app on (TO-07)."""

from __future__ import annotations

import html
import re
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
import zxingcpp
from django.test import Client
from PIL import Image

from accounts.models import Session
from accounts.user.models import Protection
from audit.models import SecurityEvent
from lib import clock
from organizations.members.models import Membership
from organizations.organization.models import Organization
from tests.bed.people import give_password, sign_in
from twofactor import qr
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/2fa/totp/add/"


def shown_secret(client: Client) -> str:
    page = client.get(PAGE).content.decode()
    return re.sub(r"\s", "", re.search(r'id="totp-secret"[^>]*>([^<]+)<', page)[1])


def test_the_page_shows_a_key_and_stores_no_device(alices: Client) -> None:
    page = alices.get(PAGE)

    assert page.status_code == 200
    assert page["Cache-Control"] == "no-store"
    assert len(shown_secret(alices)) == 32
    assert TOTPDevice.objects.count() == 0


def test_a_reload_shows_the_key_that_was_scanned_already(alices: Client) -> None:
    assert shown_secret(alices) == shown_secret(alices)


def test_a_right_code_turns_it_on(
    alices: Client, alice: User, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    Membership.objects.create(user=alice, organization=Organization.objects.create(name="Alpina", slug="alpina"))
    secret = shown_secret(alices)

    answer = alices.post(PAGE, {"code": pyotp.TOTP(secret).now(), "name": "Aegis"})

    assert (answer.status_code, answer["Location"]) == (302, "/2fa/backup-codes/")
    device = TOTPDevice.objects.get(user=alice)
    assert (device.name, device.secret, device.confirmed) == ("Aegis", secret, True)
    alice.refresh_from_db()
    assert alice.protection == alice.memberships.get().protection == Protection.STRONG
    assert SecurityEvent.objects.filter(user=alice, slug="method.first_added").count() == 1
    [mail] = outbox()
    assert mail.to == [alice.email]
    assert "Aegis" in mail.body
    assert secret not in mail.body


def test_a_code_of_oathtool_signs_in(alices: Client, alice: User) -> None:
    secret = shown_secret(alices)
    alices.post(PAGE, {"code": pyotp.TOTP(secret).now(), "name": "Aegis"})
    in_a_minute = clock.now() + timedelta(seconds=30)

    printed = subprocess.run(
        ["oathtool", "--totp", "--base32", f"--now=@{int(in_a_minute.timestamp())}", secret],
        capture_output=True,
        check=True,
        text=True,
    )
    other_browser = Client()
    give_password(other_browser, alice)

    assert other_browser.post("/login/verify/totp/", {"code": printed.stdout.strip()}).status_code == 302
    assert other_browser.get("/2fa/").status_code == 200


def test_the_confirming_code_does_not_sign_in_as_well(alices: Client, alice: User) -> None:
    """TO-01."""
    code = pyotp.TOTP(shown_secret(alices)).now()
    alices.post(PAGE, {"code": code, "name": "Aegis"})

    other_browser = Client()
    give_password(other_browser, alice)

    assert other_browser.post("/login/verify/totp/", {"code": code}).status_code == 422


def test_a_wrong_code_keeps_the_name_and_the_key(alices: Client) -> None:
    secret = shown_secret(alices)
    right = int(pyotp.TOTP(secret).now())

    page = alices.post(PAGE, {"code": f"{(right + 333_333) % 1_000_000:06d}", "name": "My watch"})

    assert page.status_code == 422
    assert "My watch" in page.content.decode()
    assert "Error:" in re.search(r"<title>(.*?)</title>", page.content.decode(), re.DOTALL)[1]
    assert shown_secret(alices) == secret
    assert TOTPDevice.objects.count() == 0


@pytest.mark.parametrize("typed", ["{} {}", "{}-{}", " {}{} ", "{}\u00a0{}"])
def test_blanks_and_hyphens_in_a_code_do_not_matter(typed: str, alices: Client) -> None:
    code = pyotp.TOTP(shown_secret(alices)).now()

    assert alices.post(PAGE, {"code": typed.format(code[:3], code[3:]), "name": ""}).status_code == 302


@pytest.mark.parametrize(
    ("typed", "words"),
    [(typed, "The code must be 6 numbers") for typed in ("+12345", "0123456", "12345", "-1")]
    + [("12345a", "A code has 6 digits and no letters"), ("cbdefghijklnrtuv" * 3, "Your security key typed this")],
)
def test_only_six_digits_are_a_code(typed: str, words: str, alices: Client) -> None:
    """TO-06."""
    shown_secret(alices)

    page = alices.post(PAGE, {"code": typed, "name": "Aegis"})

    assert page.status_code == 422
    assert words in page.content.decode()


def test_a_set_up_runs_out_after_ten_minutes(alices: Client, clock: TestClock) -> None:
    secret = shown_secret(alices)

    clock.advance(timedelta(minutes=10, seconds=1))

    page = alices.post(PAGE, {"code": pyotp.TOTP(secret).at(clock.now()), "name": "Aegis"})

    assert page.status_code == 422
    assert "The square you scanned has run out" in page.content.decode()
    assert "That code is not right" not in page.content.decode()
    assert shown_secret(alices) != secret
    assert not SecurityEvent.objects.filter(slug="second_factor.failed").exists()


def test_the_browser_cannot_bring_a_secret_of_its_own(alices: Client) -> None:
    shown_secret(alices)
    own = pyotp.random_base32()

    fields = {"code": pyotp.TOTP(own).now(), "name": "x", "secret": own, "totp_setup": own}

    assert alices.post(PAGE, fields).status_code == 422


def test_the_key_is_not_shown_again_afterwards(alices: Client) -> None:
    secret = shown_secret(alices)
    alices.post(PAGE, {"code": pyotp.TOTP(secret).now(), "name": "Aegis"})
    device = TOTPDevice.objects.get()

    for page in (PAGE, "/2fa/", f"/2fa/totp/{device.pk}/", f"/2fa/totp/{device.pk}/remove/"):
        assert secret not in re.sub(r"\s", "", alices.get(page).content.decode())


def test_the_waiting_key_is_nowhere_readable(alices: Client, caplog: pytest.LogCaptureFixture) -> None:
    secret = shown_secret(alices)

    stored = " ".join(Session.objects.values_list("data", flat=True))
    decoded = str(alices.session.items())

    assert secret not in stored + decoded + caplog.text


def test_other_sessions_end_and_this_one_stays(alices: Client, alice: User) -> None:
    elsewhere = Client()
    sign_in(elsewhere, alice)
    old_cookie = alices.cookies["session"].value

    alices.post(PAGE, {"code": pyotp.TOTP(shown_secret(alices)).now(), "name": "Aegis"})

    assert elsewhere.get("/2fa/").status_code == 302
    assert alices.get("/2fa/").status_code == 200
    assert alices.cookies["session"].value != old_cookie
    assert Session.objects.get(user=alice, ended_at=None).proved_by == "password"


def test_a_sign_in_that_was_pending_dies(alices: Client, alice: User) -> None:
    """2F-06."""
    alices.post(PAGE, {"code": pyotp.TOTP(shown_secret(alices)).now(), "name": "First"})
    pending = Client()
    give_password(pending, alice)
    assert pending.get("/login/verify/totp/").status_code == 200

    alices.post(PAGE, {"code": pyotp.TOTP(shown_secret(alices)).now(), "name": "Second"})

    assert pending.get("/login/verify/totp/")["Location"] == "/login/"


def test_it_asks_to_confirm_after_fifteen_minutes(alices: Client, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=15, seconds=1))

    for page in (PAGE, "/2fa/add/"):
        assert alices.get(page)["Location"].startswith("/confirm/?next=")


def test_signed_out_people_are_sent_to_sign_in(client: Client) -> None:
    assert client.get(PAGE)["Location"].startswith("/login/")
    assert client.post(PAGE, {"code": "123456"})["Location"].startswith("/login/")


def test_the_qr_code_decodes_to_the_address_that_apps_read(alices: Client, alice: User) -> None:
    secret = shown_secret(alices)
    page = alices.get(PAGE).content.decode()

    [read] = zxingcpp.read_barcodes(picture(re.search(r"<svg class=\"qr.*?</svg>", page, re.DOTALL)[0]))
    address = urlsplit(read.text)
    values = parse_qs(address.query)

    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == f"/Sallyport:{alice.email}"
    assert values["secret"] == [secret]
    assert values["issuer"] == ["Sallyport"]


@pytest.mark.parametrize("product", ["Zürich: Mein Portal", "A:B", "Alpina Media, Inc.", 'a/b?c#d&e="f"', "門" * 64])
def test_the_label_has_one_colon_whatever_the_product_is_called(
    alices: Client, settings: SettingsWrapper, product: str
) -> None:
    settings.PRODUCT_NAME = product

    page = alices.get(PAGE).content.decode()

    address = urlsplit(html.unescape(re.search(r'href="(otpauth:[^"]+)"', page)[1]))
    issuer, account = unquote(address.path).removeprefix("/").split(":")
    assert issuer == parse_qs(address.query).get("issuer", [""])[0] == " ".join(product.replace(":", " ").split())
    assert account == "alice@alpina.example"


@pytest.mark.parametrize("length", [60, 120, 180, 210])
def test_a_qr_code_is_small_and_carries_no_style(length: int) -> None:
    drawn = qr.svg("otpauth://totp/" + "x" * length, label="QR code")

    [read] = zxingcpp.read_barcodes(picture(drawn))
    assert read.text == "otpauth://totp/" + "x" * length
    assert len(drawn) <= 5 * 1024
    assert "style" not in drawn


def picture(svg: str, scale: int = 4) -> Image.Image:
    """The drawing as pixels: strokes of width 1 along rows, inside a quiet zone of four."""
    size = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])
    image = Image.new("L", (size, size), 255)
    for margin, row, runs in re.findall(r"M(\d+) (\d+)((?:h\d+(?:m\d+ 0)?)+)", svg):
        x, y = 4 + int(margin), 4 + int(row)
        for kind, length in re.findall(r"([hm])(\d+)", runs):
            if kind == "h":
                image.paste(0, (x, y, x + int(length), y + 1))
            x += int(length)
    return image.resize((size * scale, size * scale), Image.Resampling.NEAREST)


def test_only_the_first_says_that_it_turned_two_step_verification_on(alices: Client) -> None:
    first = alices.post(PAGE, {"code": pyotp.TOTP(shown_secret(alices)).now(), "name": "Aegis"}, follow=True)
    second = alices.post(PAGE, {"code": pyotp.TOTP(shown_secret(alices)).now(), "name": "Tablet"}, follow=True)

    assert "Two-step verification is on." in first.content.decode()
    assert "“Tablet” is added." in second.content.decode()
    assert "Two-step verification is on." not in second.content.decode()

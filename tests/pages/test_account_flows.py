"""Changing the email, reading the activity, and leaving: by keyboard alone, with JavaScript and without."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from accounts.settings.models import Deletion
from tests.accounts.mailbox import links_to
from tests.bed.people import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.keyboard import Keyboard

    Outbox = Callable[[], list[EmailMultiAlternatives]]

OLD, NEW = "alice@alpina.example", "alice@new.example"


def enter(keyboard: Keyboard, login: str) -> None:
    keyboard.page.goto("/login/")
    keyboard.type("Email or username", login)
    keyboard.type("Password", PASSWORD)
    keyboard.enter()
    expect(keyboard.page).to_have_url("/security/")


def ask_for_another_email(keyboard: Keyboard) -> None:
    keyboard.press("Settings")
    keyboard.sees("Settings")
    keyboard.press(re.compile("^Email"))
    keyboard.sees("Email")
    keyboard.type("New email", NEW)
    keyboard.press("Send the link")
    expect(keyboard.page.get_by_text(f"Waiting for {NEW}")).to_be_visible()


def test_another_email(keyboard: Keyboard, alice: User, outbox: Outbox) -> None:
    enter(keyboard, alice.email)
    ask_for_another_email(keyboard)
    keyboard.press("Stop the change")
    expect(keyboard.page.get_by_text(f"Waiting for {NEW}")).to_be_hidden()
    ask_for_another_email(keyboard)

    keyboard.page.goto(links_to("/email/verify/", outbox())[-1])
    keyboard.sees("Confirm your new email")
    keyboard.press("Change my email")

    keyboard.sees("Email")
    expect(keyboard.page.get_by_text(f"You sign in with {NEW}")).to_be_visible()
    alice.refresh_from_db()
    assert alice.email == NEW


def test_the_old_address_stops_it(keyboard: Keyboard, alice: User, outbox: Outbox) -> None:
    enter(keyboard, alice.email)
    ask_for_another_email(keyboard)
    mails = outbox()
    keyboard.page.goto(links_to("/email/verify/", mails)[-1])
    keyboard.sees("Confirm your new email")
    keyboard.press("Change my email")
    keyboard.sees("Email")

    keyboard.page.goto(links_to("/email/stop/", mails)[-1])
    keyboard.sees("Keep your email?")
    keyboard.press("Keep my email, sign everyone out")

    keyboard.sees("Forgot your password?")
    expect(keyboard.page.get_by_text("The change is stopped and every browser is signed out.")).to_be_visible()
    alice.refresh_from_db()
    assert alice.email == OLD
    assert not alice.sessions.filter(ended_at=None).exists()


def test_reading_and_taking_away_the_activity(keyboard: Keyboard, alice: User) -> None:
    keyboard.page.goto("/login/")
    keyboard.type("Email or username", alice.email)
    keyboard.type("Password", "not it")
    keyboard.enter()
    expect(keyboard.page).to_have_title(re.compile("^Error: "))
    enter(keyboard, alice.email)
    keyboard.press("Activity")
    keyboard.sees("Activity")
    keyboard.press("Blocked")

    expect(keyboard.page).to_have_url("/activity/?show=blocked")
    expect(keyboard.page.locator("main ol strong")).to_have_text(["A wrong password was tried"])
    with keyboard.page.expect_download() as download:
        keyboard.press("Download as CSV")
    rows = list(csv.reader(download.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert [row[1] for row in rows[1:]] == ["You signed in", "A wrong password was tried"]


def test_leaving_and_coming_back(keyboard: Keyboard, alice: User, outbox: Outbox) -> None:
    enter(keyboard, alice.email)
    keyboard.press("Settings")
    keyboard.sees("Settings")
    keyboard.press(re.compile("^Delete your account"))
    keyboard.sees("Delete your account?")
    keyboard.type("Your password", PASSWORD)
    keyboard.press("Delete account")
    expect(keyboard.page.get_by_text("Your account is deleted.")).to_be_visible()
    assert Deletion.objects.filter(user=alice).exists()

    keyboard.page.goto(links_to("/settings/restore/", outbox())[-1])
    keyboard.sees("Bring your account back?")
    keyboard.press("Bring it back")

    expect(keyboard.page.get_by_text("Your account is back. Sign in as before.")).to_be_visible()
    enter(keyboard, alice.email)


def test_after_signing_out_the_back_button_shows_nothing(keyboard: Keyboard, alice: User) -> None:
    """SE-08."""
    enter(keyboard, alice.email)
    keyboard.press("Settings")
    keyboard.sees("Settings")
    keyboard.press(re.compile("Your account$"))
    keyboard.press("Sign out")
    keyboard.sees("Sign in")

    keyboard.page.go_back()

    keyboard.sees("Sign in")
    expect(keyboard.page.get_by_text(alice.email)).to_have_count(0)

"""The whole product once, by keyboard alone on a phone: from signing up to an account secured after a fright."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.accounts.lock.locking import NEW
from tests.accounts.mailbox import links_to
from tests.bed.people import PASSWORD, totp_code
from tests.pages.test_two_step_flows import CODE, OVERVIEW, SAVE, SAVED, show_its_code
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from tests.bed.clock import TestClock
    from tests.bed.keyboard import Keyboard

    Outbox = Callable[[], list[EmailMultiAlternatives]]

EMAIL = "newcomer@alpina.example"


def hears(keyboard: Keyboard, words: str) -> None:
    """It has the focus, so that a screen reader says it."""
    expect(keyboard.page.locator(":focus")).to_contain_text(words)


@pytest.mark.usefixtures("transactional_db")
def test_from_signing_up_to_a_secured_account(keyboard: Keyboard, outbox: Outbox, clock: TestClock) -> None:
    keyboard.page.set_viewport_size({"width": 390, "height": 844})
    sign_up(keyboard, outbox)
    turn_on(keyboard)
    keyboard.press(re.compile("Your account$"))
    keyboard.press("Sign out")
    keyboard.sees("Sign in")
    clock.advance(timedelta(minutes=1))

    sign_in(keyboard)
    keyboard.press("Devices")
    keyboard.sees("Browsers and devices")
    keyboard.page.goto(links_to("/not-me/", outbox())[-1])
    secure(keyboard, outbox, clock)

    keyboard.press("I’m done")
    keyboard.sees("Almost there, Nora.")


def sign_up(keyboard: Keyboard, outbox: Outbox) -> None:
    keyboard.page.goto("/login/")
    keyboard.press("Create an account")
    keyboard.sees("Create an account")
    keyboard.type("Email", EMAIL)
    keyboard.enter()
    hears(keyboard, "There is a problem")
    keyboard.type("Name", "Nora Newcomer")
    keyboard.type("Password", PASSWORD)
    keyboard.go_to(re.compile("^Country"))
    keyboard.page.keyboard.type("Switz")
    keyboard.press("Create account")
    keyboard.sees("Check your mail")
    keyboard.page.goto(links_to("/signup/verify/", outbox())[-1])
    keyboard.sees("Welcome, Nora Newcomer")
    keyboard.press("Yes, open my account")
    keyboard.sees("Sign in")
    give_password(keyboard, PASSWORD)
    keyboard.sees("Your account needs attention.")


def turn_on(keyboard: Keyboard) -> None:
    keyboard.press("Turn on")
    keyboard.sees("How do you want to confirm it’s you?")
    keyboard.choose(re.compile("^Code app"), among=re.compile("."))
    keyboard.press("Continue")
    keyboard.sees("Set up your code app")
    show_its_code(keyboard, "My phone")
    keyboard.sees(SAVE)
    hears(keyboard, "Two-step verification is on.")
    keyboard.tick(SAVED)
    keyboard.press("Finish")
    keyboard.sees(OVERVIEW)
    hears(keyboard, "Two-step verification is on. Add a second way to sign in")


def sign_in(keyboard: Keyboard) -> None:
    give_password(keyboard, "not-the-right-one")
    hears(keyboard, "Email or password is not right.")
    give_password(keyboard, PASSWORD)
    keyboard.sees("Enter the code from your app")
    give_code(keyboard)
    keyboard.sees("Almost there, Nora.")


def secure(keyboard: Keyboard, outbox: Outbox, clock: TestClock) -> None:
    keyboard.sees("Wasn’t you?")
    keyboard.press("Lock my account")
    keyboard.sees("Your account is locked")
    clock.advance(timedelta(minutes=1))
    keyboard.page.goto(links_to("/password/reset/", outbox())[-1])
    keyboard.sees("Set a new password")
    keyboard.type("New password", NEW)
    keyboard.enter()
    keyboard.sees("Enter the code from your app")
    give_code(keyboard)
    keyboard.sees("Secure my account")
    keyboard.press("Sign out everywhere else")
    hears(keyboard, "Every other browser is signed out.")


def give_password(keyboard: Keyboard, password: str) -> None:
    keyboard.type("Email or username", EMAIL)
    keyboard.type("Password", password)
    keyboard.enter()


def give_code(keyboard: Keyboard) -> None:
    keyboard.type_code(CODE, totp_code(TOTPDevice.objects.get()))

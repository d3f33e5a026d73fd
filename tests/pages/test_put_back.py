"""The pages of taking a change of second factors back, and of stopping what comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client
from playwright.sync_api import expect

from accounts.models import EmailChange
from tests.accounts.lock.locking import NEW, set_password
from tests.accounts.mailbox import links_to
from tests.bed.browser import enter, faults
from tests.bed.people import code_app, sign_in, totp_code
from tests.twofactor.enrolment.front_door import ELSEWHERE, HOME, signed_in_at
from twofactor.devices import actions
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from playwright.sync_api import Page

    from accounts.user.models import User
    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]
    Picture = Callable[[str], None]


@pytest.fixture
def lost(transactional_db: None, alice: User, clock: TestClock) -> TOTPDevice:  # noqa: ARG001 - the server reads it
    """One of her two code apps, of which she says on its page that she has it no more."""
    old = code_app(alice, "Old phone")
    with transaction.atomic():
        actions.make_missing_backups(alice)
    clock.advance(timedelta(minutes=1))
    return old


def test_a_device_is_said_to_be_lost(
    page: Page, alice: User, lost: TOTPDevice, base_url: str, picture: Picture
) -> None:
    browser = Client()
    sign_in(browser, alice)
    code_app(alice, "New phone")
    enter(page.context, browser, base_url)

    page.goto("/2fa/backup-codes/renew/")
    found = faults(page)
    picture("codes-renew")
    page.goto(f"/2fa/totp/{lost.pk}/remove/")
    page.get_by_label("I don't have it any more").check()
    found += faults(page)
    picture("remove-lost")
    page.get_by_role("button", name="Remove").click()

    expect(page.get_by_text("“Old phone” is removed.")).to_be_visible()
    assert not found, "\n".join(found)


@pytest.fixture
def link(alice: User, lost: TOTPDevice, outbox: Outbox, clock: TestClock) -> str:
    """In the mail about its removal."""
    browser = Client()
    sign_in(browser, alice)
    code_app(alice, "New phone")
    browser.post(f"/2fa/totp/{lost.pk}/remove/", {"is_lost": "on"})
    clock.advance(timedelta(minutes=1))
    return links_to("/not-me/", outbox())[-1]


def test_the_page_says_what_comes_back_and_when(page: Page, link: str, picture: Picture) -> None:
    page.goto(link)
    expect(page.get_by_text("“Old phone” works again as a second step in 24 hours")).to_be_visible()
    found = faults(page)
    picture("not-me-change")
    page.get_by_role("button", name="Lock my account").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your account is locked")
    found += faults(page)
    picture("not-me-change-locked")
    assert not found, "\n".join(found)


def test_what_comes_back_is_told_on_every_page_and_stopped(
    page: Page, alice: User, link: str, picture: Picture
) -> None:
    Client().post(link)
    set_password(alice)
    page.goto("/login/")
    page.get_by_label("Email or username").fill(alice.email)
    page.get_by_label("Password", exact=True).fill(NEW)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("6-digit code").fill(totp_code(TOTPDevice.objects.get(user=alice)))

    page.get_by_role("link", name="Look at it, or stop it").click()
    expect(page.get_by_text("“Old phone” works again from")).to_be_visible()
    found = faults(page)
    picture("returning")
    page.get_by_role("button", name="Stop it").click()

    expect(page.get_by_text("It is stopped.")).to_be_visible()
    expect(page.get_by_text("is about to work again")).not_to_be_visible()
    found += faults(page)
    picture("returning-stopped")
    assert not found, "\n".join(found)


def test_both_mailboxes_are_asked_before_a_first_method(
    page: Page, alice: User, clock: TestClock, base_url: str, picture: Picture
) -> None:
    signed_in_at(HOME, alice)
    clock.advance(timedelta(days=30))
    EmailChange.objects.create(
        user=alice, old_email="alice@before.example", new_email=alice.email, auth_generation=0,
        state="confirmed", ended_at=clock.now(),
    )  # fmt: skip
    enter(page.context, signed_in_at(ELSEWHERE, alice), base_url)

    page.goto("/2fa/check/?next=/2fa/totp/add/")

    found = faults(page)
    picture("check-both")
    page.get_by_role("button", name="Send the mail").click()
    expect(page.get_by_text("a•••@before.example")).to_be_visible()
    found += faults(page)
    picture("check-both-sent")
    assert not found, "\n".join(found)

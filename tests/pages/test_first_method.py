"""The pages about a first method, in a browser, with and without scripts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from lib import links
from tests.accounts.mailbox import links_to
from tests.bed.browser import faults
from tests.bed.people import PASSWORD
from tests.twofactor.answers import with_backup_codes
from tests.twofactor.enrolment.front_door import CHECK, HOME, UNDO, signed_in_at, turn_on
from twofactor.enrolment.models import EmailCheck, Enrolment

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from playwright.sync_api import Page

    from accounts.user.models import User
    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]
    Picture = Callable[[str], None]


@pytest.fixture
def settled(transactional_db: None, alice: User, clock: TestClock) -> User:  # noqa: ARG001 - the server reads her row
    """Alice, known at home for a month: the browser of the test is somewhere else."""
    signed_in_at(HOME, alice)
    clock.advance(timedelta(days=30))
    return alice


def enter(page: Page, user: User) -> None:
    page.goto("/login/")
    page.fill("[name=login]", user.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main form button[type=submit]")


def test_a_mail_first_then_the_set_up(page: Page, settled: User, outbox: Outbox, picture: Picture) -> None:
    found: list[str] = []
    enter(page, settled)
    page.goto("/2fa/totp/add/")
    assert CHECK in page.url
    found += faults(page)
    picture("first-method-check")
    page.click("text=Send the mail")
    found += faults(page)
    picture("first-method-check-sent")

    page.goto(links_to(CHECK, outbox())[-1])
    found += faults(page)
    picture("first-method-confirm")
    page.click("text=Yes, go on")

    assert page.url.endswith("/2fa/totp/add/")
    assert not found, "\n".join(found)


def test_the_same_without_scripts(page_without_scripts: Page, base_url: str, settled: User, outbox: Outbox) -> None:
    page = page_without_scripts
    enter(page, settled)
    page.goto(f"{base_url}/2fa/totp/add/")
    page.click("text=Send the mail")
    page.goto(base_url + links_to(CHECK, outbox())[-1])
    page.click("text=Yes, go on")

    assert page.url.endswith("/2fa/totp/add/")


def test_links_that_are_over_or_not_for_this_browser(page: Page, settled: User, picture: Picture) -> None:
    found: list[str] = []
    enter(page, settled)
    session = settled.sessions.order_by("pk").first()
    asked = EmailCheck.objects.create(user=settled, session=session, auth_generation=0, next_url="/2fa/")
    pages = {
        "first-method-other-browser": f"{CHECK}{links.token_for('enrolment_check', asked.pk)}/",
        "first-method-over": f"{CHECK}1-x/",
        "first-method-undo-over": f"{UNDO}1-x/",
    }

    for name, path in pages.items():
        page.goto(path)
        found += faults(page)
        picture(name)

    assert not found, "\n".join(found)


def test_undoing_it(page: Page, alice: User, outbox: Outbox, picture: Picture) -> None:
    turn_on(signed_in_at(HOME, alice))
    found: list[str] = []

    page.goto(links_to(UNDO, outbox())[-1])
    found += faults(page)
    picture("first-method-undo")
    page.click("text=Turn it off, sign everyone out")

    assert page.url.endswith("/password/forgot/sent/")
    found += faults(page)
    assert Enrolment.objects.get().undone_at is not None
    assert not found, "\n".join(found)


def test_the_ways_to_choose_from(page: Page, alice: User, picture: Picture) -> None:
    answers = with_backup_codes(alice)
    found: list[str] = []
    enter(page, alice)
    page.goto("/login/verify/other/")
    found += faults(page)
    picture("other-ways")

    page.goto("/login/verify/backup-codes/")
    page.fill("[name=code]", answers.right(Client())["code"])
    page.click("main form button[type=submit]")
    page.goto("/confirm/")
    found += faults(page)
    picture("confirm-with-others")

    assert not found, "\n".join(found)

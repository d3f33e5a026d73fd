"""Every mail in five widths of reader, in both themes, and as plain text."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.login.alerts import tell_half_finished
from accounts.user.models import User
from tests.accounts.lock.locking import NEW
from tests.accounts.mailbox import links_to
from tests.bed.browser import SCREENS, axe_violations, overflowing, screenshot
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from tests.twofactor.enrolment.front_door import turn_on
from tests.twofactor.methods.push.phones import linked_phone, waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from playwright.sync_api import Page

    from tests.bed.clock import TestClock

    Mails = dict[str, EmailMultiAlternatives]
    Outbox = Callable[[], list[EmailMultiAlternatives]]

WIDTHS = (320, 390, 600, 800, 1280)
COLUMNS = 78
LONG = "alice.with.a.very.long.name.indeed@a-long-name-of-a-company.example"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def mails(  # noqa: PLR0917 - three people, and what they get
    transactional_db: None,  # noqa: ARG001 - real commits
    alice: User,
    bob: User,
    charlie: User,
    outbox: Outbox,
    clock: TestClock,
) -> Mails:
    """One of each subject, of everything that a life with the portal brings."""
    sign_up(bob)
    outbox()
    home = at_home(alice)
    clock.advance(timedelta(days=8))
    come_from_everywhere(alice, outbox)
    change_email_and_back(home, bob, outbox)
    turn_on_and_off(alice, outbox)
    lock_and_come_back(alice, outbox, clock)
    block_on_phone(charlie)
    bobs = Client()
    sign_in(bobs, bob)
    bobs.post("/settings/delete/", {"password": PASSWORD})
    return {mail.subject: mail for mail in outbox()}


def at_home(user: User) -> Client:
    client = Client(REMOTE_ADDR="203.0.113.7", HTTP_USER_AGENT=FIREFOX)
    sign_in(client, user)
    return client


def block_on_phone(user: User) -> None:
    phone = linked_phone(user)
    waiting(user)
    phone.no(phone.pending()[0], "not_me")


def sign_up(known: User) -> None:
    for email in ("dora@alpina.example", known.email):
        Client().post("/signup/", {"email": email, "name": "Dora", "password": PASSWORD, "country": "CH"})


def come_from_everywhere(user: User, outbox: Outbox) -> None:
    for number in range(4):
        away = Client(REMOTE_ADDR=f"198.51.{number}.9", HTTP_USER_AGENT=f"curl/{number}")
        sign_in(away, user)
        outbox()
    away.post("/2fa/check/?next=/2fa/totp/add/")


def change_email_and_back(browser: Client, known: User, outbox: Outbox) -> None:
    sign_in(browser, User.objects.get(name="Alice Example"))
    browser.post("/email/", {"email": known.email})
    browser.post("/email/", {"email": LONG})
    browser.post(links_to("/email/verify/", outbox())[-1])
    Client().post(links_to("/email/stop/", outbox())[-1])


def turn_on_and_off(user: User, outbox: Outbox) -> None:
    home = at_home(user)
    turn_on(home, "A telephone with a name of exactly sixty-four letters, no more..")
    home.post("/profile/", {"name": "Alice Other", "country": "FR"})
    Client().post(links_to("/2fa/undo/", outbox())[-1])
    Client().post(links_to("/password/reset/", outbox())[-1], {"password": NEW})


def lock_and_come_back(user: User, outbox: Outbox, clock: TestClock) -> None:
    user.refresh_from_db()
    app, browser = code_app(user), Client(HTTP_USER_AGENT=FIREFOX)
    give_password(Client(REMOTE_ADDR="198.51.100.9"), user, NEW)
    clock.advance(timedelta(hours=2))
    tell_half_finished()
    Client().post(links_to("/not-me/", outbox())[-1])
    browser.post(links_to("/password/reset/", outbox())[-1], {"password": f"{NEW}-again"})
    browser.post("/login/verify/totp/", {"code": totp_code(app)})


def test_every_mail_fits_and_is_accessible(page: Page, mails: Mails) -> None:
    faults: list[str] = []
    for number, (subject, mail) in enumerate(mails.items()):
        page.goto("about:blank")
        page.set_content(str(mail.alternatives[0].content))
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                where = f"{subject} at {width}, {theme}"
                faults += [f"{where} is too wide: {place}" for place in overflowing(page)]
                if width in {320, 800}:  # what axe looks at does not change between them
                    faults += [f"{where} breaks {violation}" for violation in axe_violations(page)]
                    screenshot(page, SCREENS / f"mail-{number:02}-{width}-{theme}.png")

    assert len(mails) >= 20
    assert {"You’re back in", "You blocked a sign-in. Change your password."} <= set(mails)
    assert not faults, "\n".join(faults)


def test_every_mail_is_plain_text_of_78_columns_with_its_links_whole(mails: Mails) -> None:
    lines = [line for mail in mails.values() for line in str(mail.body).splitlines()]
    links = [line for line in lines if line.startswith("http")]

    assert not [line for line in lines if len(line) > COLUMNS and " " in line]
    assert links
    assert not [link for link in links if " " in link or not link.isprintable()]


def test_every_mail_has_one_heading_and_every_alert_its_link(mails: Mails) -> None:
    without_link = {subject for subject, mail in mails.items() if "/not-me/" not in str(mail.body)}

    assert all(str(mail.alternatives[0].content).count("<h1") == 1 for mail in mails.values())
    assert without_link == {
        "Confirm your email",
        "Confirm your new email",
        "Set a new password",
        "Your account is locked: set a new password",
        "You already have an account",
        "Your email was changed back",  # to the address that was taken off: it may be a thief's
    }


def test_every_mail_that_says_when_says_browser_and_place_too(mails: Mails) -> None:
    """Where no place is known it says so: a line that is not there is not missed."""
    told = [mail for mail in mails.values() if "\nTime: " in str(mail.body)]

    assert len(told) >= 12
    for mail in told:
        text, html = str(mail.body), str(mail.alternatives[0].content)
        in_text = [text.count(f"\n{name}: ") for name in ("Time", "Browser", "Place")]
        in_html = [html.count(f"<dt>{name}</dt>") for name in ("Time", "Browser", "Place")]
        assert in_text == in_html == in_text[:1] * 3, mail.subject

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from config.mailbox import quoted
from lib import clock as portal_clock
from messaging.actions import deliver, sweep
from messaging.models import Message, State
from tests.bed import environment
from tests.bed.people import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from aiosmtpd.smtp import Envelope
    from django.test import Client
    from pytest_django import Settings

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.messaging.conftest import Mailbox

    Waiting = Callable[..., Message]


@pytest.fixture
def mail(waiting: Waiting) -> Message:
    return waiting(channel="email", details={"number": 7})


def read(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    return email.message_from_bytes(envelope.content, policy=email.policy.default)


def test_a_mail_arrives_with_text_and_html(mail: Message, mailbox: Mailbox) -> None:
    deliver(mail.pk)
    [envelope] = mailbox.taken
    arrived = read(envelope)
    assert envelope.rcpt_tos == ["lena@alpina.example"]
    assert (arrived["Subject"], arrived["To"]) == ("Greetings", "lena@alpina.example")
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert "OOF" in arrived["X-Auto-Response-Suppress"].split(", ")
    text, html = arrived.get_body(("plain",)), arrived.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "Lena Keller, number 7."
    assert html.get_content().strip() == "<p>Greetings</p>"


@pytest.mark.parametrize("sender", ["Zürich: Mein Portal", "Alpina Media, Inc.", 'A "B" <C> (D); E', "門" * 64, "a\\"])
def test_the_senders_name_arrives_whatever_it_is(
    mail: Message, mailbox: Mailbox, settings: Settings, sender: str
) -> None:
    settings.DEFAULT_FROM_EMAIL = quoted(f"{sender} <no-reply@portal.example>")

    deliver(mail.pk)

    [envelope] = mailbox.taken
    [shown] = read(envelope)["From"].addresses
    assert (shown.display_name, shown.addr_spec) == (sender, "no-reply@portal.example")
    assert envelope.mail_from == "no-reply@portal.example"


def test_every_try_carries_the_same_message_id(mail: Message, mailbox: Mailbox) -> None:
    deliver(mail.pk)
    Message.objects.filter(pk=mail.pk).update(state=State.NEW)  # as after a crash before it was marked sent
    deliver(mail.pk)
    first, second = (read(envelope)["Message-ID"] for envelope in mailbox.taken)
    assert first == second == f"<{mail.pk.hex}@localhost>"


@pytest.mark.parametrize("answer_to", ["answer_to_recipient", "answer_to_mail"])
@pytest.mark.parametrize(
    ("answer", "state", "error"), [("450 Later", State.NEW, "SMTP 450"), ("550 Lena? Never", State.DEAD, "SMTP 550")]
)
def test_the_servers_no_is_for_now_or_for_ever(  # noqa: PLR0917 - two tables and what they are tried on
    mail: Message, mailbox: Mailbox, answer_to: str, answer: str, state: State, error: str
) -> None:
    setattr(mailbox, answer_to, answer)
    deliver(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.error, mailbox.taken) == (state, error, [])


def test_a_server_that_refuses_us_is_asked_again(mail: Message, mailbox: Mailbox) -> None:
    """It says so of every mail: all that waits would be dead at once, for an evening's wrong setting."""
    mailbox.answer_to_sender = "550 Relaying denied"
    deliver(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.error) == (State.NEW, "SMTP 550")


def test_a_server_that_is_away_is_asked_again(
    mail: Message, mailbox: Mailbox, settings: Settings, clock: TestClock
) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, environment.free_port()
    deliver(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.error) == (State.NEW, "ConnectionRefusedError")
    settings.EMAIL_PORT = port
    assert mail.not_before is not None
    clock.stop(mail.not_before)
    deliver(mail.pk)
    assert len(mailbox.taken) == 1


@pytest.mark.parametrize("away", [timedelta(minutes=75), timedelta(days=6)], ids=["75 minutes", "6 days"])
def test_an_alert_outlasts_a_server_that_is_away(
    away: timedelta, alice: User, alices: Client, mailbox: Mailbox, settings: Settings, *, clock: TestClock
) -> None:
    """Its owner does not know that there is a mail to ask for."""
    began = clock.stop()
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, environment.free_port()
    alices.post("/password/", {"current_password": PASSWORD, "password": "Nine-Herons-Wait-By-Ponds"})
    while portal_clock.now() < began + away:
        sweep(deliver)
        clock.advance(timedelta(minutes=15))

    settings.EMAIL_PORT = port
    clock.advance(timedelta(hours=1))
    sweep(deliver)

    assert [read(envelope)["Subject"] for envelope in mailbox.taken] == ["Your password was changed"]
    assert mailbox.taken[0].rcpt_tos == [alice.email]


def test_a_server_that_leaves_without_goodbye_has_taken_the_mail(mail: Message, mailbox: Mailbox) -> None:
    mailbox.leaves_after_mail = True
    deliver(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, len(mailbox.taken)) == (State.SENT, 1)


def test_any_other_email_backend_works_too(mail: Message, mailoutbox: list[object]) -> None:
    deliver(mail.pk)
    assert len(mailoutbox) == 1

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller

from messaging import poke
from messaging.actions import queue
from messaging.recipient import Recipient
from tests.bed import environment
from tests.messaging import composers, far_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiosmtpd.smtp import SMTP, Envelope, Session
    from pytest_django import Settings

    from messaging.models import Message

LENA = Recipient(email="lena@alpina.example", language="fr", name="Lena Keller")


@pytest.fixture(autouse=True)
def kinds(settings: Settings) -> None:
    settings.MESSAGE_KINDS = settings.MESSAGE_KINDS | composers.KINDS
    settings.MESSAGE_CHANNELS = {"email": "messaging.mail", "far_end": "tests.messaging.far_end"}


@pytest.fixture(autouse=True)
def fresh_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test learns about Redis is not true in the next."""
    monkeypatch.setattr(poke, "BREAKER", poke.Breaker(poke.REST_SECONDS))


@pytest.fixture
def channel() -> Iterator[Any]:
    far_end.reset()
    yield far_end
    far_end.reset()


@pytest.fixture
def waiting(db: None) -> Callable[..., Message]:  # noqa: ARG001 - messages are rows
    """Make a message that waits to be sent."""

    def make(kind: str = "plain", **options: Any) -> Message:
        message = queue(kind, to=LENA, **{"channel": "far_end", **options})
        assert message is not None
        return message

    return make


class Mailbox:
    """A mail server's other side: what it took, and what it answers."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.answer_to_recipient = "250 OK"
        self.answer_to_mail = "250 OK"
        self.answer_to_sender = ""
        self.leaves_after_mail = False

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not self.answer_to_sender:
            envelope.mail_from = address
        return self.answer_to_sender or "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.answer_to_recipient.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.answer_to_recipient

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if self.answer_to_mail.startswith("2"):
            self.taken.append(envelope)
        return self.answer_to_mail

    async def handle_QUIT(self, server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802 - as above
        if self.leaves_after_mail:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "221 Bye"


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    """A real mail server, which the e-mail channel sends to."""
    handler = Mailbox()
    controller = Controller(handler, hostname="127.0.0.1", port=environment.free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    yield handler
    controller.stop()

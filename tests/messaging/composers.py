"""Composers for messages that only tests send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import get_language

from messaging.content import Content

if TYPE_CHECKING:
    from messaging.models import Message

CANARY = "canary-4711"


def plain(message: Message) -> Content:
    return Content(
        "Greetings", f"{message.recipient_name}, number {message.details.get('number')}.\n", "<p>Greetings</p>"
    )


def language(_message: Message) -> Content:
    return Content("Language", str(get_language()))


def poison(_message: Message) -> Content:
    raise ValueError(f"cannot write {CANARY}")


KINDS = {kind: f"tests.messaging.composers.{kind}" for kind in ("plain", "language", "poison")}

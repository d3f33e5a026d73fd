"""Composers for messages that only tests send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import get_language

from messaging.content import Content
from messaging.kinds import Kind

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


def nudge(_message: Message) -> Content:
    return Content("Nudge", '{"v": 1, "id": "abc"}')


def _kind(name: str, *, ages: bool) -> Kind:
    return Kind(f"tests.messaging.composers.{name}", ages=ages)


KINDS = {
    **{name: _kind(name, ages=False) for name in ("plain", "language", "poison")},
    "ageing": _kind("plain", ages=True),
    "nudge": _kind("nudge", ages=True),
}

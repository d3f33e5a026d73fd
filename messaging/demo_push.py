"""The demo's push channel: kept to be read like all else, and really sent, so that a phone can be tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messaging import demo, webpush

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def send(message: Message, content: Content) -> None:
    demo.send(message, content)
    webpush.send(message, content)

"""A channel that keeps what it is given, and fails as often as it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message

sent: list[tuple[Message, Content]] = []
failures: list[Exception] = []


def send(message: Message, content: Content) -> None:
    if failures:
        raise failures.pop(0)
    sent.append((message, content))


def reset() -> None:
    sent.clear()
    failures.clear()

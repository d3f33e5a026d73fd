"""The demo's channel: everything sent can be read at /demo/messages/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messaging.models import DemoMessage

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


def send(message: Message, content: Content) -> None:
    """Keep it, once: the row is unique to the message, so a second try finds the first one's."""
    DemoMessage.objects.get_or_create(
        message=message,
        defaults={
            "channel": message.channel,
            "to": message.recipient_email,
            "subject": content.subject,
            "text": content.text,
        },
    )

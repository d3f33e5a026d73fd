"""Which module sends what: read from settings, as Django reads EMAIL_BACKEND."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message


class Channel(Protocol):
    """A module with this function; it raises TemporaryFailure or Refused when the message did not go out."""

    def send(self, message: Message, content: Content) -> None: ...


def send(message: Message, content: Content) -> None:
    channel = cast("Channel", import_module(settings.MESSAGE_CHANNELS[message.channel]))
    channel.send(message, content)

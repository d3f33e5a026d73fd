"""The pushes themselves: nudges. What a request is about, the phone asks for itself; an alert says nothing at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from messaging.content import Content

if TYPE_CHECKING:
    from messaging.models import Message


def request(message: Message) -> Content:
    return Content(subject=_("Sign-in request"), text=json.dumps({"v": 1, "id": message.details["request"]}))


def alert(_message: Message) -> Content:
    return Content(subject=_("Security alert"), text=json.dumps({"v": 1, "purpose": "alert"}))

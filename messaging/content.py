"""What a message says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.template import Context, Engine
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from messaging.models import Message


COLUMNS = 78
SIGNATURE = "-- "  # RFC 3676 §4.3: with the blank, mail programs fold what follows away, and leave it out of answers


@dataclass(frozen=True)
class Content:
    """The words, ready to leave."""

    subject: str
    text: str
    html: str = ""


def from_templates(message: Message, context: Mapping[str, object]) -> Content:
    """Content from templates/messages/<kind>/, in the present language."""
    folder = f"messages/{message.kind}"
    values = {
        "name": message.recipient_name,
        "product_name": settings.PRODUCT_NAME,
        "site_url": settings.SITE_URL,
        "support_contact": settings.SUPPORT_CONTACT,
        "signature": SIGNATURE,
        **context,
    }
    return Content(
        # One line, whatever the values hold: a line break in a subject would be a second header.
        subject=" ".join(_rendered(f"{folder}/subject.txt", values).split()),
        text=_wrapped(_rendered(f"{folder}/email.txt", values).strip()) + "\n",
        html=_rendered(f"{folder}/email.html", values),
    )


def alert(message: Message, context: Mapping[str, object]) -> Content:
    """The same for a mail about something that its reader may not have done: with the link that locks the account."""
    link = cast("Callable[[Message], dict[str, object]]", import_string(settings.ALERT_LINK))
    return from_templates(message, {**context, **link(message)})


def _wrapped(text: str) -> str:
    """For readers of plain text: 78 columns (RFC 5322 §2.1.1), links whole, one empty line where parts left several."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(map(_line, text.split("\n"))))


def _line(line: str) -> str:
    return line if line == SIGNATURE else fill(line, COLUMNS, break_long_words=False, break_on_hyphens=False)


def _rendered(template: str, values: dict[str, object]) -> str:
    context = Context(values, autoescape=not template.endswith(".txt"))
    return Engine.get_default().get_template(template).render(context)

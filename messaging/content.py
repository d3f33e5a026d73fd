"""What a message says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.template import Context, Engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from messaging.models import Message


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
        **context,
    }
    return Content(
        # One line, whatever the values hold: a line break in a subject would be a second header.
        subject=" ".join(_rendered(f"{folder}/subject.txt", values).split()),
        text=_rendered(f"{folder}/email.txt", values).strip() + "\n",
        html=_rendered(f"{folder}/email.html", values),
    )


def _rendered(template: str, values: dict[str, object]) -> str:
    context = Context(values, autoescape=not template.endswith(".txt"))
    return Engine.get_default().get_template(template).render(context)

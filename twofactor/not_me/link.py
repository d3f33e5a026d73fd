"""The link that every alert carries: settings.ALERT_LINK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from lib import links, site
from twofactor.not_me.models import NotMe

if TYPE_CHECKING:
    from messaging.models import Message


def link_in(message: Message) -> str:
    """Made by the worker that writes the mail; a mail that is written again has the same one."""
    if message.user_id is None:
        raise LookupError("an alert about nobody's account")
    made, _is_new = NotMe.objects.get_or_create(message=message, defaults={"user_id": message.user_id})
    return site.absolute(reverse("twofactor:not_me:lock", args=[links.token_for("not_me", made.pk)]))


def open_link(token: str) -> NotMe | None:
    """The link that a token names; None when it is not ours, was used, is too old, or its address was taken away."""
    pk = links.row_id_of("not_me", token) or 0
    link = NotMe.objects.open().filter(pk=pk).select_related("user", "message").first()
    return link if link is not None and link.was_sent_to(link.user) else None

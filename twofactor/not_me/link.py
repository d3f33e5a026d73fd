"""The link that every alert carries: settings.ALERT_LINK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from lib import links, site
from twofactor.devices.models import KEPT, MethodChange
from twofactor.not_me.models import NotMe

if TYPE_CHECKING:
    from messaging.models import Message


def link_in(message: Message) -> dict[str, object]:
    """What the mail says of it. Made by the worker that writes it; a mail that is written again has the same one."""
    if message.user_id is None:
        raise LookupError("an alert about nobody's account")
    told = {"user_id": message.user_id, "change": _change_told_by(message)}
    made, _is_new = NotMe.objects.get_or_create(message=message, defaults=told)
    link = site.absolute(reverse("twofactor:not_me:lock", args=[links.token_for("not_me", made.pk)]))
    return {"not_me_link": link, "not_me_days": KEPT.days if made.change else None}


def open_link(token: str) -> NotMe | None:
    """The link that a token names; None when it is not ours, was used, is too old, or its address was taken away."""
    pk = links.row_id_of("not_me", token) or 0
    joined = ("user", "message", "change__enrolment")
    link = NotMe.objects.open().filter(pk=pk).select_related(*joined).first()
    return link if link is not None and link.was_sent_to(link.user) else None


def _change_told_by(message: Message) -> MethodChange | None:
    """The change of second factors that the mail is about, if it is about one."""
    told = message.details.get("event")
    return MethodChange.objects.filter(user=message.user_id, event=told).first() if told else None

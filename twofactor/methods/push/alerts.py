"""Which phones an alert is pushed to: settings.ALERTED_PHONES."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit import events
from audit.models import SecurityEvent
from twofactor.methods.push.models import PushDevice

if TYPE_CHECKING:
    from accounts.user.models import User

ADDED = (events.METHODS_ON.slug, events.METHOD_ADDED.slug, events.METHOD_REPLACED.slug)


def subscriptions_for(user: User, event_id: int) -> list[int]:
    """Every phone's that the account has now, but that of a phone whose own linking is what is told.

    Its owner has it in hand, and would learn to wipe alerts away; if it is a thief's, it is not he who must hear of it.
    """
    phones = PushDevice.objects.filter(user=user, confirmed=True)
    hearing = dict(phones.filter(subscription__state="active").order_by("pk").values_list("pk", "subscription"))
    if hearing and _tells_of_the_newest(event_id):
        hearing.pop(phones.latest("pk").pk, None)
    return list(hearing.values())


def _tells_of_the_newest(event_id: int) -> bool:
    added = SecurityEvent.objects.filter(pk=event_id, slug__in=ADDED)
    return added.filter(details__method=PushDevice.method_slug).exists()

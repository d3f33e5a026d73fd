"""What phones and their requests leave behind, and for how long it is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lib import clock
from messaging.models import PushSubscription
from twofactor.methods.push.models import Pairing, PushRequest, SpentCall, TurnedOffDevice
from twofactor.methods.push.signed import REMEMBERED

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

REQUESTS_KEPT = timedelta(days=30)
PAIRINGS_KEPT = timedelta(days=1)
TURNED_OFF_KEPT = timedelta(days=365)


def purge() -> int:
    """Delete what nothing can act on any more; returns how many rows."""
    now = clock.now()
    old = [
        PushRequest.objects.filter(created_at__lt=now - REQUESTS_KEPT),
        Pairing.objects.filter(created_at__lt=now - PAIRINGS_KEPT),
        TurnedOffDevice.objects.filter(turned_off_at__lt=now - TURNED_OFF_KEPT),
    ]
    return sum(rows.delete()[0] for rows in [*old, _of_no_phone(now)]) + purge_calls()


def _of_no_phone(now: datetime) -> QuerySet[PushSubscription]:
    """Addresses of phones that came to a pairing, and were never confirmed."""
    old = PushSubscription.objects.filter(created_at__lt=now - PAIRINGS_KEPT)
    return old.filter(pushdevice=None, pairing=None)


def purge_calls() -> int:
    """Calls whose time is over are refused for that; nobody need remember them."""
    return SpentCall.objects.filter(at__lt=clock.now() - REMEMBERED).delete()[0]

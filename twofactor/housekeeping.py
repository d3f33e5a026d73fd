"""What second factors leave behind, and for how long it is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from lib import clock
from twofactor import registry
from twofactor.devices import sealing
from twofactor.devices.models import MethodChange
from twofactor.devices.owned import kinds
from twofactor.enrolment.models import EmailCheck, Enrolment
from twofactor.not_me.models import NotMe
from twofactor.trusted_browsers.models import TrustedBrowser

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

LINKS_KEPT = timedelta(days=30)  # used or dead links
BROWSERS_KEPT = timedelta(days=90)  # after they ended or ran out: as long as the sessions in them


def purge() -> int:
    """Delete what nothing can act on any more; returns how many rows. It asks the data, so a missed day is no harm."""
    now = clock.now()
    links = (rows.objects.filter(created_at__lt=now - LINKS_KEPT) for rows in (Enrolment, EmailCheck, NotMe))
    over = Q(expires_at__lt=now - BROWSERS_KEPT) | Q(ended_at__lt=now - BROWSERS_KEPT)
    deleted = sealing.purge()
    deleted += sum(rows.delete()[0] for rows in (*links, TrustedBrowser.objects.filter(over), _changes(now)))
    return deleted + sum(method.purge() for method in registry.METHODS if method.purge)


def _changes(now: datetime) -> QuerySet[MethodChange]:
    """Old ones, but those that still say why a device does not count."""
    changes = MethodChange.objects.filter(created_at__lt=now - LINKS_KEPT)
    for kind in kinds():
        changes = changes.exclude(pk__in=kind.everything.exclude(removed_by=None).values("removed_by"))
    return changes

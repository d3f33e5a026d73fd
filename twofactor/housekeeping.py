"""What second factors leave behind, and for how long it is kept. Devices themselves are never deleted here."""

from datetime import timedelta

from django.db.models import Q

from lib import clock
from twofactor import registry
from twofactor.enrolment.models import EmailCheck, Enrolment
from twofactor.not_me.models import NotMe
from twofactor.trusted_browsers.models import TrustedBrowser

LINKS_KEPT = timedelta(days=30)  # used or dead links
BROWSERS_KEPT = timedelta(days=90)  # after they ended or ran out: as long as the sessions in them


def purge() -> int:
    """Delete what nothing can act on any more; returns how many rows. It asks the data, so a missed day is no harm."""
    now = clock.now()
    links = (rows.objects.filter(created_at__lt=now - LINKS_KEPT) for rows in (Enrolment, EmailCheck, NotMe))
    over = Q(expires_at__lt=now - BROWSERS_KEPT) | Q(ended_at__lt=now - BROWSERS_KEPT)
    deleted = sum(rows.delete()[0] for rows in (*links, TrustedBrowser.objects.filter(over)))
    return deleted + sum(method.purge() for method in registry.METHODS if method.purge)

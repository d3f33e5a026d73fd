"""What second factors leave behind, and for how long it is kept. Devices themselves are never deleted here."""

from datetime import timedelta

from lib import clock
from twofactor import registry
from twofactor.enrolment.models import EmailCheck, Enrolment
from twofactor.not_me.models import NotMe

LINKS_KEPT = timedelta(days=30)  # used or dead links


def purge() -> int:
    """Delete what nothing can act on any more; returns how many rows. It asks the data, so a missed day is no harm."""
    old = clock.now() - LINKS_KEPT
    deleted = sum(rows.objects.filter(created_at__lt=old).delete()[0] for rows in (Enrolment, EmailCheck, NotMe))
    return deleted + sum(method.purge() for method in registry.METHODS if method.purge)

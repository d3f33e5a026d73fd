"""Links in alerts by which a person says that it was not them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from lib import addresses, clock

if TYPE_CHECKING:
    from accounts.user.models import User

LIFETIME = timedelta(hours=24)


class NotMeQuerySet(models.QuerySet["NotMe"]):
    """Links by state."""

    def open(self) -> NotMeQuerySet:
        """Young and unused."""
        return self.filter(used_at=None, created_at__gt=clock.now() - LIFETIME)


class NotMe(models.Model):
    """One link in one mail, one use, 24 hours. Its token is made from the id (lib.links), nothing secret is kept.

    The message says what was told and to which address; the link acts on the account of its user alone.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="not_me_links")
    message = models.OneToOneField("messaging.Message", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True)

    objects = NotMeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"not-me link {self.pk}"

    def was_sent_to(self, user: User) -> bool:
        """Whether its mail went to an address that alerts go to now: a thief's may have been one for a while."""
        hears = {addresses.compared(to.email) for to in user.recipients}
        return addresses.compared(self.message.recipient_email) in hears

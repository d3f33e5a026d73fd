"""Links in alerts by which a person says that it was not them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from lib import clock
from twofactor.devices.models import KEPT

if TYPE_CHECKING:
    from accounts.user.models import User

LIFETIME = timedelta(hours=24)


class NotMeQuerySet(models.QuerySet["NotMe"]):
    """Links by state."""

    def open(self) -> NotMeQuerySet:
        """Young and unused."""
        now = clock.now()
        is_young = Q(created_at__gt=now - LIFETIME) | Q(change__created_at__gt=now - KEPT)
        return self.filter(is_young, used_at=None)


class NotMe(models.Model):
    """One link in one mail, one use, 24 hours. Its token is made from the id (lib.links), nothing secret is kept.

    If the mail tells of a change of second factors, it takes that back as well, for as long as that can be: 7 days.

    The message says what was told and to which address; the link acts on the account of its user alone.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="not_me_links")
    change = models.ForeignKey("twofactor.MethodChange", on_delete=models.SET_NULL, null=True, related_name="+")
    message = models.OneToOneField("messaging.Message", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True)

    objects = NotMeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"not-me link {self.pk}"

    def was_sent_to(self, user: User) -> bool:
        """Whether its mail went to an address that alerts go to now: a thief's may have been one for a while."""
        return self.message.recipient_email in {to.email for to in user.recipients}

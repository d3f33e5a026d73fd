"""Changes of the set of a person's second factors, so that one can be taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from lib import clock

if TYPE_CHECKING:
    from datetime import datetime

KEPT = timedelta(days=7)  # how long a change can be taken back, and what it removed stays, sealed
TOLD_FOR = timedelta(hours=24)  # before something lost counts again: everybody concerned can stop it


class MethodChangeQuerySet(models.QuerySet["MethodChange"]):
    """Changes by what may still happen to them."""

    def open(self) -> MethodChangeQuerySet:
        """Young and not taken back. Whether a first method still can be, is_open says as well."""
        return self.filter(undone_at=None, created_at__gt=clock.now() - KEPT)


class MethodChange(models.Model):
    """Devices were added, removed or put back, in one step. They refer to it.

    Of one person's, the later one has the higher number: they are made with the person's row locked.
    """

    class Kind(models.TextChoices):
        """Why, as far as it matters for what was removed by it."""

        CHANGED = "changed"  # in a session that had confirmed; or by whoever may decide it
        LOST = "lost"  # the same, and what was removed may be in other hands
        PUT_BACK = "put_back"  # a change before it was taken back by mail

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="method_changes")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CHANGED)
    created_at = models.DateTimeField(default=clock.now)
    undone_at = models.DateTimeField(null=True)
    # What tells of it, so that the link in its alert finds it.
    event = models.OneToOneField("audit.SecurityEvent", on_delete=models.SET_NULL, null=True, related_name="+")
    enrolment = models.OneToOneField("twofactor.Enrolment", on_delete=models.SET_NULL, null=True, related_name="+")
    returning = models.JSONField(default=list)  # persistent ids of the devices that were to count again before it

    objects = MethodChangeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"change of methods {self.pk} ({self.kind})"

    @property
    def is_open(self) -> bool:
        """Whether it can be taken back. A first method leaves nothing behind: only while its own link could do it."""
        is_young = self.undone_at is None and self.created_at > clock.now() - KEPT
        return is_young and (self.enrolment is None or self.enrolment.is_open)

    @property
    def gives_back_late(self) -> bool:
        """Whether what it removed may be in other hands than its owner's."""
        return self.kind != self.Kind.CHANGED

    @property
    def open_until(self) -> datetime:
        return self.created_at + KEPT

"""Accounts that their owners deleted, until they are gone for good."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from lib import clock

if TYPE_CHECKING:
    from datetime import datetime

GRACE = timedelta(days=14)


class DeletionQuerySet(models.QuerySet["Deletion"]):
    """Deletions by state."""

    def restorable(self) -> DeletionQuerySet:
        return self.filter(restored_at=None, asked_at__gt=clock.now() - GRACE)

    def due(self) -> DeletionQuerySet:
        return self.filter(restored_at=None, asked_at__lte=clock.now() - GRACE)


class Deletion(models.Model):
    """From the wish to the last day. The link that brings the account back is made from the id (lib.links)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="deletions")
    asked_at = models.DateTimeField(default=clock.now)
    restored_at = models.DateTimeField(null=True)

    objects = DeletionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(restored_at=None), name="one_deletion_each"),
        ]

    def __str__(self) -> str:
        return f"deletion {self.pk}"

    @property
    def due_at(self) -> datetime:
        return self.asked_at + GRACE

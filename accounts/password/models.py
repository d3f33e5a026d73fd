"""Links to choose a new password."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F

from lib import clock

LIFETIME = timedelta(hours=1)


class PasswordResetQuerySet(models.QuerySet["PasswordReset"]):
    """Links by state."""

    def open(self) -> PasswordResetQuerySet:
        """Young, unused, and no password or method changed since."""
        return self.filter(
            used_at=None,
            created_at__gt=clock.now() - LIFETIME,
            user__is_active=True,
            auth_generation=F("user__auth_generation"),
        )


class PasswordReset(models.Model):
    """One link, one use, one hour. Its token is made from the id (lib.links), nothing secret is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    auth_generation = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True)

    lifetime = LIFETIME

    objects = PasswordResetQuerySet.as_manager()

    def __str__(self) -> str:
        return f"password reset {self.pk}"

"""One row for each browser that is, or was, signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib import clock

if TYPE_CHECKING:
    from datetime import datetime


class Ending(models.TextChoices):
    """Why a session is over."""

    SIGNED_OUT = "signed_out", _("Signed out")
    PASSWORD_CHANGED = "password_changed", _("Password changed")
    METHODS_CHANGED = "methods_changed", _("Ways to sign in changed")
    EMAIL_CHANGED = "email_changed", _("Email changed")
    DELETED = "deleted", _("Account deleted")
    LOCKED = "locked", _("Account locked")
    REPLACED = "replaced", _("Signed in as somebody else")


class SessionQuerySet(models.QuerySet["Session"]):
    """Sessions by state."""

    def live(self, now: datetime) -> SessionQuerySet:
        return self.filter(ended_at=None, expires_at__gt=now, idle_until__gt=now)


class Session(models.Model):
    """A browser's session. The key is in the cookie alone; this row has its digest (ASVS 7.2)."""

    key_digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions")
    data = models.TextField()  # signed JSON; never a password or a code
    first_seen_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(default=clock.now)
    idle = models.DurationField()  # how long it may rest
    idle_until = models.DateTimeField()
    expires_at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True)
    network_digest = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    place = models.CharField(max_length=200, blank=True)  # approximate, "" when unknown
    proved_by = models.CharField(max_length=32, blank=True)  # "password", or the method's slug
    sudo_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=32, choices=Ending.choices, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "network_digest", "first_seen_at"], name="session_known_network"),
            models.Index(fields=["expires_at"], name="session_expiry"),
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"

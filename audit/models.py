"""What happened, append only."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from audit.events import EVENTS, Event
from lib import clock


class SecurityEvent(models.Model):
    """One thing that happened to an account, or to none (a wrong password for nobody)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="events")
    slug = models.CharField(max_length=64)
    details = models.JSONField(default=dict)  # names and slugs for the words; never a secret
    ip = models.GenericIPAddressField()
    user_agent = models.CharField(max_length=512, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at"], name="event_of_user")]

    def __str__(self) -> str:
        return f"{self.slug} ({self.pk})"

    @property
    def event(self) -> Event:
        return EVENTS[self.slug]

    @property
    def words(self) -> str:
        words: str = str(self.event.words) % self.details
        return words

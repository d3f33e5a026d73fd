"""Browsers that may skip the second step for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lib import clock, user_agent

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.sessions.models import Session
    from accounts.user.models import User

LIFETIME = timedelta(days=30)  # from the second step that it stands for; using it does not lengthen it
GRACE = timedelta(seconds=30)  # tabs that were opened together may all show the token before the present one


class Ending(models.TextChoices):
    """Why a browser is not remembered any more. A changed password or method ends it too: by the generation."""

    FORGOTTEN = "forgotten", _("You forgot it")
    STOLEN = "stolen", _("A copy of it was used")
    REPLACED = "replaced", _("It was remembered anew")
    EVERY_TIME = "every_time", _("You asked for the second step every time")


class TrustedBrowserQuerySet(models.QuerySet["TrustedBrowser"]):
    """Remembered browsers by state."""

    def of(self, user: User) -> TrustedBrowserQuerySet:
        """Those that may stand for the person's second step now."""
        return self._young().filter(user=user, auth_generation=user.auth_generation)

    def stood_for(self, session: Session) -> TrustedBrowserQuerySet:
        """Those that were good when the session began, whatever has happened to them since."""
        began = session.first_seen_at
        mine = self.filter(user=session.user, series_digest=session.browser_digest)
        in_time = mine.filter(created_at__lte=began + GRACE, expires_at__gt=began - GRACE)
        return in_time.filter(Q(ended_at=None) | Q(ended_at__gte=began - GRACE))

    def _young(self) -> TrustedBrowserQuerySet:
        now = clock.now()
        # One that is yet to come is none: the clock was set back by more than machines differ.
        return self.filter(ended_at=None, expires_at__gt=now, created_at__lte=now + GRACE)


class TrustedBrowser(models.Model):
    """One browser in which the second step was done and may be left out until it expires.

    Its cookie holds two random texts: the series, which stays and finds this row, and the token, which changes with
    each use. The table has digests of them: reading it lets nobody skip anything. Whoever shows the series with a
    token that is over has an old copy of the cookie: either they or those who used it since are not the owner.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trusted_browsers")
    auth_generation = models.PositiveIntegerField()
    series_digest = models.CharField(max_length=64, unique=True)
    token_digest = models.CharField(max_length=64)
    previous_digest = models.CharField(max_length=64, blank=True)
    rotated_at = models.DateTimeField(null=True)  # when the present token took the place of the previous one
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    ip = models.GenericIPAddressField()  # of the last use, as are the two below
    user_agent = models.CharField(max_length=512, blank=True)
    place = models.CharField(max_length=200, blank=True)  # approximate, "" when unknown
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=16, choices=Ending.choices, blank=True)

    objects = TrustedBrowserQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="trusted_browser_expiry")]

    def __str__(self) -> str:
        return f"remembered browser {self.pk}"

    @property
    def name(self) -> str:
        return user_agent.describe(self.user_agent)

    def takes_previous(self, token_digest: str, now: datetime) -> bool:
        """Whether the token is the previous one and was the present one a moment ago; clocks of machines differ."""
        if self.rotated_at is None or self.previous_digest != token_digest:
            return False
        return abs(now - self.rotated_at) <= GRACE

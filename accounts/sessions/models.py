"""One row for each browser that is, or was, signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from lib import clock, user_agent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


ENDED_SHOWN = timedelta(days=14)
ACTIVE = timedelta(minutes=5)  # since the last request: a session notes its use once a minute
PHONES = {"iOS", "Android"}


class Ending(models.TextChoices):
    """Why a session is over."""

    SIGNED_OUT = "signed_out", _("Signed out")
    PASSWORD_CHANGED = "password_changed", _("Password changed")
    METHODS_CHANGED = "methods_changed", _("Ways to sign in changed")
    EMAIL_CHANGED = "email_changed", _("Email changed")
    DELETED = "deleted", _("Account deleted")
    LOCKED = "locked", _("Account locked")
    REPLACED = "replaced", _("Signed in as somebody else")
    ELSEWHERE = "elsewhere", _("Signed out from another browser")
    BROWSER_STOLEN = "browser_stolen", _("A copy of the remembered browser was used")


class SessionQuerySet(models.QuerySet["Session"]):
    """Sessions by state."""

    def live(self, now: datetime) -> SessionQuerySet:
        return self.filter(ended_at=None, expires_at__gt=now, idle_until__gt=now)

    def ended_lately(self, now: datetime) -> SessionQuerySet:
        """Those that were ended or ran out in the last days, the newest first."""
        over = Q(ended_at__isnull=False) | Q(expires_at__lte=now) | Q(idle_until__lte=now)
        return self.filter(over, last_seen_at__gt=now - ENDED_SHOWN).order_by("-last_seen_at")


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
    network_digest = models.CharField(max_length=64, blank=True)  # "" where it makes nobody known
    former_digest = models.CharField(max_length=64, blank=True)  # of the key that the sign-in replaced
    user_agent = models.CharField(max_length=512, blank=True)
    place = models.CharField(max_length=200, blank=True)  # approximate, "" when unknown
    proved_by = models.CharField(max_length=32, blank=True)  # see accounts.sessions.proof
    browser_digest = models.CharField(max_length=64, blank=True)  # which remembered browser it is in, if any
    known_browser = models.CharField(max_length=64, blank=True)  # a digest; "" when it makes nobody known
    ends_with_browser = models.BooleanField(default=False)  # its cookie goes when the browser is closed
    sudo_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=32, choices=Ending.choices, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "network_digest", "first_seen_at"], name="session_known_network"),
            models.Index(fields=["network_digest", "first_seen_at"], name="session_network"),
            models.Index(fields=["expires_at"], name="session_expiry"),
            models.Index(fields=["former_digest"], condition=~Q(former_digest=""), name="session_former_key"),
            models.Index(fields=["browser_digest"], condition=~Q(browser_digest=""), name="session_browser"),
            models.Index(
                fields=["user", "known_browser"], condition=~Q(known_browser=""), name="session_known_browser"
            ),
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"

    @property
    def browser(self) -> str:
        """ "Firefox on Linux"."""
        return user_agent.describe(self.user_agent)

    @property
    def icon(self) -> str:
        _browser, system = user_agent.browser_and_system(self.user_agent)
        return "phone" if system in PHONES else "laptop"

    @property
    def is_active(self) -> bool:
        return clock.now() - self.last_seen_at < ACTIVE

    @property
    def proof(self) -> str:
        """What proved it, in words; the apps above know the names of methods."""
        label = cast("Callable[[str], str]", import_string(settings.PROOF_LABEL))
        return label(self.proved_by)

    @property
    def ending(self) -> str:
        """Why it is over; nothing is written when it just runs out."""
        return str(self.get_ended_by_display() or _("Ran out"))

"""The first second factor of an account: when it came, and whether the mailbox was asked before."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F

from accounts.sessions.proof import NO_SECOND_STEP
from lib import clock

UNDO_LIFETIME = timedelta(days=7)  # how long the mailbox can take a first method back
OWN_AFTER = timedelta(days=7)  # a network is the owner's if it was signed in from so long before
CHECK_LIFETIME = timedelta(minutes=15)


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    """Enrolments by what may still happen to them."""

    def open(self) -> EnrolmentQuerySet:
        """Young and not taken back. Whether the link still counts, is_vouched_for says as well."""
        return self.filter(undone_at=None, created_at__gt=clock.now() - UNDO_LIFETIME, user__is_active=True)


class Enrolment(models.Model):
    """An account without a second factor got one. The link that undoes it is made from the id (lib.links).

    Whoever has stolen a password can turn two-step verification on and so lock the owner out: the owner's mailbox
    takes that back.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrolments")
    network_digest = models.CharField(max_length=64)  # where it was done from
    created_at = models.DateTimeField(default=clock.now)
    undone_at = models.DateTimeField(null=True)

    objects = EnrolmentQuerySet.as_manager()

    def __str__(self) -> str:
        return f"enrolment {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether the mailbox can still take it back."""
        is_young = self.undone_at is None and self.created_at > clock.now() - UNDO_LIFETIME
        return is_young and not self.is_vouched_for

    @property
    def is_vouched_for(self) -> bool:
        """Whether the person has since signed in with a second step from another network, theirs long before.

        Long before: else a thief with two networks would make the second one known, and the link dead, in a minute.
        """
        sessions = self.user.sessions
        owns = sessions.filter(first_seen_at__lt=self.created_at - OWN_AFTER).exclude(network_digest="")
        since = sessions.filter(first_seen_at__gt=self.created_at).exclude(network_digest=self.network_digest)
        with_method = since.exclude(proved_by__in=NO_SECOND_STEP)
        return with_method.filter(network_digest__in=owns.values("network_digest")).exists()


class EmailCheckQuerySet(models.QuerySet["EmailCheck"]):
    """Checks by state."""

    def open(self) -> EmailCheckQuerySet:
        """Young, unused, and no password or method changed since."""
        return self._of_now().filter(confirmed_at=None, created_at__gt=clock.now() - CHECK_LIFETIME)

    def confirmed(self) -> EmailCheckQuerySet:
        return self._of_now().exclude(confirmed_at=None)

    def _of_now(self) -> EmailCheckQuerySet:
        return self.filter(auth_generation=F("user__auth_generation"))


class EmailCheck(models.Model):
    """A mail to one address that lets one browser's session, and no other, add a first method.

    Its token is made from the id. Every address that can take the account back is asked, and all must have said yes.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="email_checks")
    email = models.EmailField(default="")  # which of their addresses it went to
    session = models.ForeignKey("accounts.Session", on_delete=models.CASCADE)
    auth_generation = models.PositiveIntegerField()
    next_url = models.CharField(max_length=2000)
    created_at = models.DateTimeField(default=clock.now)
    confirmed_at = models.DateTimeField(null=True)

    objects = EmailCheckQuerySet.as_manager()

    def __str__(self) -> str:
        return f"email check {self.pk}"

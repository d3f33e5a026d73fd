"""Accounts to be: an address that its owner has not confirmed yet, and invitations."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from lib import clock

LIFETIME = timedelta(hours=24)
INVITATION_LIFETIME = timedelta(days=14)


class SignUpQuerySet(models.QuerySet["SignUp"]):
    """Sign-ups by state."""

    def open(self) -> SignUpQuerySet:
        return self.filter(used_at=None, created_at__gt=clock.now() - LIFETIME)


class SignUp(models.Model):
    """What somebody typed, until the owner of the address confirms it; no account exists before."""

    email = models.EmailField()
    name = models.CharField(max_length=150)
    password = models.CharField(max_length=128)  # its hash
    country = models.CharField(max_length=2)
    language = models.CharField(max_length=10)
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True)

    lifetime = LIFETIME

    objects = SignUpQuerySet.as_manager()

    def __str__(self) -> str:
        return f"sign-up {self.pk}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations by state."""

    def open(self) -> InvitationQuerySet:
        return self.filter(used_at=None, created_at__gt=clock.now() - INVITATION_LIFETIME)


class Invitation(models.Model):
    """Lets the owner of one address sign up where SIGNUP=invitation."""

    email = models.EmailField()
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True)

    lifetime = INVITATION_LIFETIME

    objects = InvitationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"invitation {self.pk}"

"""Changes of the e-mail address: asked for, confirmed at the new address, stopped from the old one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lib import clock

if TYPE_CHECKING:
    from datetime import datetime

LIFETIME = timedelta(hours=24)
UNDO_LIFETIME = timedelta(days=7)  # how long the old address can take a confirmed change back


class EmailChangeQuerySet(models.QuerySet["EmailChange"]):
    """Changes by what may still happen to them."""

    def pending(self) -> EmailChangeQuerySet:
        """Asked for a short while ago, neither confirmed nor stopped."""
        return self.filter(state=EmailChange.State.PENDING, created_at__gt=clock.now() - LIFETIME)

    def open(self) -> EmailChangeQuerySet:
        """What the new address may confirm: no password or method has changed since it was asked for."""
        return self.pending().filter(user__is_active=True, auth_generation=F("user__auth_generation"))

    def undoable(self) -> EmailChangeQuerySet:
        """Confirmed, and the old address may still take it back."""
        return self.filter(state=EmailChange.State.CONFIRMED, ended_at__gt=clock.now() - UNDO_LIFETIME)

    def stoppable(self) -> EmailChangeQuerySet:
        """What the link in the mail to the old address still acts on."""
        return self.pending() | self.undoable()


class EmailChange(models.Model):
    """One wish for another address. Its two links are made from the id (lib.links), nothing secret is kept.

    The state moves by conditional UPDATEs with the person's row locked: of a confirmation and a stop at the same
    instant one comes first, and after a stop the address is the old one, whichever it was.
    """

    class State(models.TextChoices):
        """How it ended."""

        PENDING = "pending"
        CONFIRMED = "confirmed"
        STOPPED = "stopped"  # by the old address, by the person, or because the new address was taken meanwhile
        REPLACED = "replaced"  # a newer wish came
        UNDONE = "undone"  # the old address took it back

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="email_changes")
    old_email = models.EmailField()
    new_email = models.EmailField()
    auth_generation = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    lifetime = LIFETIME

    objects = EmailChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(state="pending"), name="one_pending_email_each"),
        ]

    def __str__(self) -> str:
        return f"email change {self.pk} ({self.state})"

    @property
    def expires_at(self) -> datetime:
        return self.created_at + LIFETIME

"""The outbox, which is the delivery log too."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from lib import clock

if TYPE_CHECKING:
    from datetime import datetime

# Two workers' clocks never differ by more, nor does one stand still for longer between reading its clock and asking.
CLOCK_DIFFERENCE = timedelta(hours=1)


class State(models.TextChoices):
    """Where a message is on its way out."""

    NEW = "new"
    SENDING = "sending"  # a worker has it until the lease ends
    SENT = "sent"
    DEAD = "dead"  # refused, or tried often enough
    EXPIRED = "expired"  # of no use any more: never sent


FINISHED = (State.SENT, State.DEAD, State.EXPIRED)


class MessageQuerySet(models.QuerySet["Message"]):
    """Reads of the outbox."""

    def due(self, now: datetime) -> Self:
        """What a worker may take now: new, or left behind by a worker whose lease has ended."""
        new = Q(state=State.NEW) & (Q(not_before=None) | Q(not_before__lte=now))
        # A lease that ends far later than any given now was written before the clock was set back.
        ended = Q(lease_until__lte=now) | Q(lease_until__gt=now + settings.MESSAGE_LEASE + CLOCK_DIFFERENCE)
        return self.filter(new | (Q(state=State.SENDING) & ended))

    def in_time(self, now: datetime) -> Self:
        """What it is not too late for."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now))

    def late(self, now: datetime) -> Self:
        """What nobody may send any more, among what is due."""
        return self.due(now).filter(expires_at__lte=now)

    def finished_before(self, moment: datetime) -> Self:
        return self.filter(state__in=FINISHED, created_at__lt=moment)


class Message(models.Model):
    """One message to one person. It names rows by id; its words and secrets are made when it is sent."""

    # Random, since it is seen in Message-ID: a running number would tell how much mail the portal sends.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=64)  # a key of MESSAGE_KINDS
    channel = models.CharField(max_length=16, default="email")  # a key of MESSAGE_CHANNELS
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="messages")
    recipient_email = models.EmailField()
    recipient_name = models.CharField(max_length=150)
    recipient_language = models.CharField(max_length=10)
    details = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=200, unique=True, null=True)  # noqa: DJ001 - unique where there is one
    state = models.CharField(max_length=8, choices=State.choices, default=State.NEW)
    tries = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["state", "created_at"], condition=~Q(state="sent"), name="messaging_not_sent"),)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=State.values), name="messaging_state"),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False), name="messaging_lease"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def is_late(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def move(self, state: State, **changes: Any) -> bool:
        """Change the row if it is still as we know it. False: somebody else has moved it, and it is theirs.

        Each taking raises tries, so (state, tries) tells a worker's own lease from the one that followed it.
        """
        as_known = Message.objects.filter(pk=self.pk, state=self.state, tries=self.tries)
        changes["state"] = state
        if as_known.update(**changes) == 0:
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True


class PushSubscriptionQuerySet(models.QuerySet["PushSubscription"]):
    """Subscriptions by state."""

    def active(self) -> Self:
        return self.filter(state=PushSubscription.State.ACTIVE)


class PushSubscription(models.Model):
    """A browser's address for pushes, as it gave it: what an e-mail address is to mail."""

    class State(models.TextChoices):
        """What the push service last said of it."""

        ACTIVE = "active"
        GONE = "gone"  # 404 or 410: the browser has dropped it
        REFUSED = "refused"  # 401 or 403: made for another key; the browser must subscribe anew

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_subscriptions")
    endpoint = models.CharField(max_length=1000)
    p256dh = models.CharField(max_length=100)  # the browser's public key
    auth = models.CharField(max_length=50)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    objects = PushSubscriptionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"push subscription {self.pk}"

    def as_info(self) -> dict[str, object]:
        """As PushSubscription.toJSON() gives it."""
        return {"endpoint": self.endpoint, "keys": {"p256dh": self.p256dh, "auth": self.auth}}

    def end(self, state: State) -> None:
        """Send to it no more; one that was renewed meanwhile is another row."""
        active = PushSubscription.objects.active().filter(pk=self.pk)
        active.update(state=state, ended_at=clock.now(), endpoint="", p256dh="", auth="")


class DemoMessage(models.Model):
    """What the demo sent: the mailbox at /demo/messages/."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=16)
    to = models.CharField(max_length=254)
    subject = models.TextField()
    text = models.TextField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.channel} {self.pk}"


class Heartbeat(models.Model):
    """When something that runs by itself last ran."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

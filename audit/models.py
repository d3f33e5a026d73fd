"""What happened, append only, and where the chain of each account ends."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _

from audit.events import EVENTS, Event, event_of
from lib import clock, place, user_agent
from lib.origin import Origin
from lib.request_id import LONGEST

if TYPE_CHECKING:
    from accounts.user.models import User


class SecurityEventQuerySet(models.QuerySet["SecurityEvent"]):
    """Reads of what happened."""

    def of(self, user: User) -> SecurityEventQuerySet:
        """What happened to the person, newest first."""
        return self.filter(user=user).order_by("-seq")

    def in_category(self, category: str) -> SecurityEventQuerySet:
        return self.filter(slug__in=[event.slug for event in EVENTS.values() if event.category == category])


class SecurityEvent(models.Model):
    """One thing that happened to an account, or to none (a wrong password for nobody). Only audit writes it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="events")
    seq = models.PositiveBigIntegerField(null=True)  # its place in the account's chain, from 1
    slug = models.CharField(max_length=64)
    details = models.JSONField(default=dict)  # names and slugs for the words; never a secret
    ip = models.GenericIPAddressField()
    user_agent = models.CharField(max_length=512, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    # Who did it: the person, staff, or nobody who was signed in. A number that may outlive its account: taking it out
    # of other people's events would break their chains.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    request_id = models.CharField(max_length=LONGEST, blank=True)  # "" for what workers and commands do
    hash = models.CharField(max_length=64, blank=True)  # over every column but id, and the hash before it

    objects = SecurityEventQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "seq"], name="event_place_in_chain")]

    def __str__(self) -> str:
        return f"{self.slug} ({self.pk})"

    @property
    def event(self) -> Event:
        return event_of(self.slug)

    @property
    def words(self) -> str:
        return self.in_words(str(self.event.words))

    def in_words(self, words: str) -> str:
        """The words of its event in the reader's language, with the details put in."""
        return words % defaultdict(str, self.details)

    @property
    def origin(self) -> Origin:
        return Origin(ip=self.ip, user_agent=self.user_agent)

    @property
    def done_by(self) -> str:
        """Whom its owner is told; "" where nobody was signed in, and for what is older than this column."""
        if self.actor_id is None:
            return ""
        return _("You") if self.actor_id == self.user_id else _("Somebody else")

    @property
    def browser(self) -> str:
        return user_agent.describe(self.user_agent) if self.user_agent else ""

    @property
    def place(self) -> str:
        """Approximate, "" when unknown."""
        return place.approximate_place(self.ip)


class ChainHead(models.Model):
    """The end of an account's chain, and its beginning once old events are gone.

    It stays when the account is deleted: a number and hashes, which say of nobody who they are, but that the chain
    was closed by us and not cut off by somebody.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="audit_head",
    )
    seq = models.PositiveBigIntegerField(default=0)  # of the last event
    hash = models.CharField(max_length=64, blank=True)
    base_seq = models.PositiveBigIntegerField(default=0)  # of the last event that is gone for its age
    base_hash = models.CharField(max_length=64, blank=True)
    closed_at = models.DateTimeField(null=True)  # when the account was deleted
    seal = models.CharField(max_length=64, blank=True)  # says that base and closing are our own work
    checkpoint_seq = models.PositiveBigIntegerField(default=0)  # of the last event that a checkpoint has logged

    class Meta:
        indexes = [
            models.Index(fields=["user"], condition=Q(seq__gt=F("checkpoint_seq")), name="chain_without_checkpoint"),
        ]

    def __str__(self) -> str:
        return f"chain {self.user_id}, {self.seq} long"

    @property
    def has_forgotten(self) -> bool:
        """Whether events are gone for their age."""
        return self.base_seq > 0

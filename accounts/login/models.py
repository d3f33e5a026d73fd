"""A sign-in whose second step is pending."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.user.models import User
from lib import clock
from lib.origin import Origin
from lib.prepared import PreparedUpdate

if TYPE_CHECKING:
    from datetime import datetime

LIFETIME = timedelta(minutes=10)


def oldest_start() -> datetime:
    """When the oldest of the attempts that are not over began."""
    return clock.now() - LIFETIME


class LoginAttemptQuerySet(models.QuerySet["LoginAttempt"]):
    """Attempts by state."""

    def pending(self, since: datetime | None = None) -> LoginAttemptQuerySet:
        """Young, unfinished, of an active person whose password and methods are still those of its start.

        Of a locked one only after the mailbox was shown: then the second step opens the account.
        """
        return self.filter(
            Q(user__locked_at=None) | Q(user__mailbox_shown_at__isnull=False),
            state=LoginAttempt.State.PENDING,
            started_at__gt=since or oldest_start(),
            user__is_active=True,
            auth_generation=F("user__auth_generation"),
        )

    def half_finished(self) -> LoginAttemptQuerySet:
        """Over without the second step, and not settled yet."""
        ran_out = Q(state=LoginAttempt.State.PENDING, started_at__lte=oldest_start())
        return self.filter(ran_out | Q(state=LoginAttempt.State.ABANDONED), settled_at=None)


class LoginAttempt(models.Model):
    """The right password was given; until the second step is done nobody is signed in.

    A row on the server, not a half-signed-in session: no view, API or protocol can mistake it for a person.
    """

    class State(models.TextChoices):
        """How it ended."""

        PENDING = "pending"
        FINISHED = "finished"
        ABANDONED = "abandoned"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="login_attempts")
    session_digest = models.CharField(max_length=64)  # only the browser that began it can go on
    auth_generation = models.PositiveIntegerField()
    next_url = models.CharField(max_length=2000)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    started_at = models.DateTimeField(default=clock.now)
    ip = models.GenericIPAddressField()
    user_agent = models.CharField(max_length=512, blank=True)
    is_from_new_place = models.BooleanField(default=False)  # told when it is finished
    settled_at = models.DateTimeField(null=True)  # when its owner was told that it never was, or need not be

    objects = LoginAttemptQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["started_at"], name="attempt_age"),
            models.Index(
                fields=["user"], condition=~Q(state="finished") & Q(settled_at=None), name="attempt_unsettled"
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk} ({self.state})"

    @property
    def origin(self) -> Origin:
        return Origin(ip=self.ip, user_agent=self.user_agent)

    @property
    def expires_at(self) -> datetime:
        return self.started_at + LIFETIME

    def claim(self) -> bool:
        """Finish it, once, if it is still pending; of several requests at the same instant one gets True.

        It holds the person: whoever locks the account next, or changes what proves them, finds what follows from this.
        """
        return _CLAIM.run(pk=self.pk, user_id=self.user_id, since=oldest_start()) == 1

    def close(self, state: State) -> None:
        """End it without an answer. For requests that race to finish it there is claim()."""
        LoginAttempt.objects.filter(pk=self.pk).update(state=state)


# pending() joins the person, so it ends up in a sub-query, which PostgreSQL does not look at again after it has waited
# for another request's lock. What decides between requests must stand beside it: the state, and the generation of the
# person as they are once nobody else changes them. Whatever ends an attempt, a lock for example, raises that.
_CLAIM = PreparedUpdate(
    lambda given: LoginAttempt.objects.filter(pk=given.pk, state=LoginAttempt.State.PENDING).filter(
        auth_generation=User.objects.holding(given.user_id).values("auth_generation")[:1],
        pk__in=LoginAttempt.objects.pending(given.since),
    ),
    lambda _given: {"state": LoginAttempt.State.FINISHED},
)

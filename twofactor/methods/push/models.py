"""A phone with our app, and what it is asked."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.login.models import LoginAttempt
from accounts.user.models import Protection
from lib import clock, codes, crypto
from lib.origin import Origin
from messaging.actions import forget_subscription
from messaging.models import PushSubscription
from twofactor.challenge.asked import Purpose
from twofactor.methods.push import keys
from twofactor.timed_codes import TimedCodeDevice

if TYPE_CHECKING:
    from datetime import datetime

    from twofactor.challenge.asked import Asked
    from twofactor.devices.models import MethodChange

REQUEST_LIFETIME = timedelta(seconds=120)
COLLECTED_WITHIN = timedelta(seconds=60)  # of the answer: the page may come back a moment after the request's end
PAIRING_LIFETIME = timedelta(minutes=10)
CODE_LENGTH = 8
CHECK_DIGITS = 2


def new_id() -> str:
    """128 random bits, 22 characters."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True)
class Approval:
    """The answer of a browser whose request was approved on a phone: which browser it is, and what for."""

    asked: Asked


class PushDevice(TimedCodeDevice):
    """One account on one phone. Without a connection the phone shows six digits, as a code app does."""

    method_slug = "push"
    protection = Protection.STRONG

    thumbprint = models.CharField(max_length=43, unique=True)  # the device's id: a digest of its key (RFC 7638)
    public_key = models.JSONField()  # a JWK; the private half never left the phone
    subscription = models.ForeignKey(PushSubscription, on_delete=models.SET_NULL, null=True)

    def accepts(self, answer: Any) -> bool:
        """Six digits, or the request of this browser that was approved on this phone; either counts once."""
        return self._gives_up(answer) if isinstance(answer, Approval) else super().accepts(answer)

    def has_spent(self, answer: Any) -> bool:
        return not isinstance(answer, Approval) and super().has_spent(answer)

    def hint(self, answer: Any) -> str:
        return "" if isinstance(answer, Approval) else super().hint(answer)

    def leave(self) -> None:
        """Keep of it what lets the app on the phone hear that it was turned off, and nothing of whose it was."""
        removed_at = self.removed_by.created_at if self.removed_by else clock.now()
        kept = {"public_key": self.public_key, "turned_off_at": removed_at}
        TurnedOffDevice.objects.get_or_create(thumbprint=self.thumbprint, defaults=kept)
        forget_subscription(self.subscription_id)

    def _gives_up(self, answer: Approval) -> bool:
        """One conditional UPDATE: of two pages that collect the same approval one gets it."""
        approved = PushRequest.objects.asked_by(answer.asked).filter(
            device=self, state=PushRequest.State.APPROVED, answered_at__gt=clock.now() - COLLECTED_WITHIN
        )
        return approved.but_trials().update(state=PushRequest.State.SPENT) == 1


class PushRequestQuerySet(models.QuerySet["PushRequest"]):
    """Requests by state, and by who asked."""

    def asked_by(self, asked: Asked) -> PushRequestQuerySet:
        """Those of this browser, for this sign-in or this confirmation."""
        return self.filter(
            user=asked.user, browser=asked.browser, purpose=asked.purpose.value, attempt=asked.attempt
        ).exclude(browser="")

    def open(self) -> PushRequestQuerySet:
        """Those that an answer may still come to: no phone asks about a sign-in that was finished another way."""
        return self.waited_for().filter(state=PushRequest.State.PENDING, expires_at__gt=clock.now())

    def waited_for(self) -> PushRequestQuerySet:
        """Those whose sign-in is still pending, and since which nothing was proved anew."""
        is_pending = Q(attempt=None) | Q(attempt__in=LoginAttempt.objects.pending())
        return self.filter(is_pending, auth_generation=F("user__auth_generation"))

    def for_phone(self, device: PushDevice) -> PushRequestQuerySet:
        """What this phone may see and answer: a trial is of one phone, anything else of all of an account."""
        return self.filter(~Q(purpose=Purpose.TRIAL.value) | Q(device=device), user=device.user_id)

    def trials(self) -> PushRequestQuerySet:
        return self.filter(purpose=Purpose.TRIAL.value)

    def but_trials(self) -> PushRequestQuerySet:
        """Those that something hangs on."""
        return self.exclude(purpose=Purpose.TRIAL.value)


class PushRequest(models.Model):
    """Somebody in a browser waits for a yes.

    Number and nonce are made from the id with the portal's key: no table holds them, and of the number no answer to
    the phone says anything.
    """

    class State(models.TextChoices):
        """What became of it."""

        PENDING = "pending"  # until it runs out, which nothing writes down
        APPROVED = "approved"  # and not collected yet
        SPENT = "spent"
        DENIED = "denied"
        WRONG_NUMBER = "wrong_number"
        REPLACED = "replaced"  # by a newer one of the same browser, or after it had run out

    SAID_YES = (State.APPROVED, State.SPENT, State.WRONG_NUMBER)  # which a no overrides

    class Reason(models.TextChoices):
        """Why a person said no."""

        MISTAKE = "mistake"
        NOT_ME = "not_me"

    id = models.CharField(primary_key=True, max_length=22, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_requests")
    attempt = models.ForeignKey("accounts.LoginAttempt", on_delete=models.CASCADE, null=True)  # None when confirming
    browser = models.CharField(max_length=64)  # the digest of its session's key
    session = models.ForeignKey("accounts.Session", on_delete=models.SET_NULL, null=True)  # whatever its key is by now
    purpose = models.CharField(max_length=16)
    auth_generation = models.PositiveIntegerField()
    context = models.JSONField()  # what the phone shows, as it was said and signed
    ip = models.GenericIPAddressField()
    user_agent = models.CharField(max_length=512, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    reason = models.CharField(max_length=16, choices=Reason.choices, blank=True)
    device = models.ForeignKey(
        PushDevice, on_delete=models.SET_NULL, null=True
    )  # which answered; of a trial, which is tried
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    objects = PushRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(state="pending"), name="one_open_push_request_each"),
        ]
        indexes = [models.Index(fields=["user", "created_at"], name="push_request_of_late")]

    def __str__(self) -> str:
        return f"push request {self.pk[:6]}… ({self.state})"

    @property
    def number(self) -> str:
        """What only the browser shows: of PUSH_NUMBER_DIGITS digits, the first never a zero."""
        least = 10 ** (settings.PUSH_NUMBER_DIGITS - 1)
        return str(least + int(crypto.keyed_digest("push_number", self.pk), 16) % (9 * least))

    @property
    def nonce(self) -> str:
        return crypto.keyed_digest("push_nonce", self.pk)

    @property
    def origin(self) -> Origin:
        return Origin(ip=self.ip, user_agent=self.user_agent)

    @property
    def is_trial(self) -> bool:
        return self.purpose == Purpose.TRIAL.value

    @property
    def has_let_in(self) -> bool:
        """Whether its approval was collected, or its sign-in finished another way."""
        is_finished = self.attempt is not None and self.attempt.state == LoginAttempt.State.FINISHED
        return self.state == self.State.SPENT or is_finished

    @property
    def is_late(self) -> bool:
        return self.expires_at <= clock.now()


class Pairing(models.Model):
    """A signed-in browser waits for a phone. Token and code are made from the row; it holds their digests."""

    class State(models.TextChoices):
        """How far it is."""

        OPEN = "open"
        CLAIMED = "claimed"  # a phone has come; its two digits are asked for in the browser
        LINKED = "linked"
        REFUSED = "refused"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="pairings")
    session = models.ForeignKey("accounts.Session", on_delete=models.CASCADE)  # only this browser can confirm it
    binding = models.UUIDField(default=uuid.uuid4, editable=False)
    token_digest = models.CharField(max_length=64, unique=True)
    code_digest = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    thumbprint = models.CharField(max_length=43, blank=True, db_index=True)
    public_key = models.JSONField(default=dict)
    name = models.CharField(max_length=64, blank=True)
    subscription = models.ForeignKey(PushSubscription, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"pairing {self.pk} ({self.state})"

    @property
    def token(self) -> str:
        """128 bits for the QR code, 22 characters."""
        return keys.as_text(bytes.fromhex(crypto.keyed_digest("pairing_token", self.binding))[:16])

    @property
    def code(self) -> str:
        """What is typed instead: 40 bits, in an alphabet without lookalikes."""
        number = int(crypto.keyed_digest("pairing_code", self.binding), 16)
        return "".join(codes.CROCKFORD[number >> 5 * place & 31] for place in range(CODE_LENGTH))

    @property
    def check_number(self) -> str:
        """The two digits of the phone that has come; another phone would have others."""
        number = int(crypto.keyed_digest("pairing_check", self.binding, self.thumbprint), 16)
        return f"{number % 10**CHECK_DIGITS:0{CHECK_DIGITS}d}"

    @property
    def expires_at(self) -> datetime:
        return self.created_at + PAIRING_LIFETIME

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.LINKED, self.State.REFUSED) or self.expires_at <= clock.now()


class TurnedOffDevice(models.Model):
    """The key of a phone that was removed, so that its app can hear of it. It does not say whose it was.

    In the first week, when it can still be put back, there is no row: it is made of the sealed device.
    """

    thumbprint = models.CharField(primary_key=True, max_length=43)
    public_key = models.JSONField()
    turned_off_at = models.DateTimeField(default=clock.now)

    kept_until: datetime | None = None  # not a column: until then the phone keeps its own key, too

    def __str__(self) -> str:
        return f"turned-off device {self.thumbprint[:6]}…"

    @classmethod
    def of(cls, device: PushDevice, removal: MethodChange) -> TurnedOffDevice:
        """A phone that was removed lately: known by its key, and able to do nothing."""
        gone = cls(thumbprint=device.thumbprint, public_key=device.public_key, turned_off_at=removal.created_at)
        gone.kept_until = removal.open_until
        return gone


class SpentCall(models.Model):
    """A signed call that was made: it does not count again while its time would still be right."""

    digest = models.CharField(primary_key=True, max_length=64)
    at = models.DateTimeField(default=clock.now, db_index=True)

    def __str__(self) -> str:
        return f"call {self.digest[:8]}"

"""Passkeys and security keys, and the questions that they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from accounts.user.models import Protection
from lib import clock
from lib.prepared import PreparedUpdate
from twofactor.methods.webauthn import ceremonies, copies, key_models
from twofactor.methods.webauthn.problems import Problem, Refused
from twofactor.second_factor import SecondFactor

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.user.models import User
    from twofactor.methods.webauthn.answers import Assertion
    from twofactor.methods.webauthn.key_models import KeyModel

LONGEST_ID = 1364  # base64url of 1023 bytes (WebAuthn L3 §7.1, step 25)


class WebAuthnDevice(SecondFactor):
    """A credential record (WebAuthn L3 §4): what a key told of itself when it was added, and has told since."""

    method_slug = "webauthn"
    protection = Protection.PHISHING_RESISTANT
    most = 20
    exported = ("credential_id", "aaguid", "transports", "verifies_user", "backup_eligible", "backed_up", "flagged_at")

    credential_id = models.CharField(max_length=LONGEST_ID)  # base64url
    public_key = models.BinaryField()  # COSE
    sign_count = models.BigIntegerField(default=0)
    user_handle = models.CharField(max_length=86)  # what the key knows its owner as
    aaguid = models.UUIDField()  # of the model; all zeros where it is not told
    transports = models.CharField(max_length=100, blank=True)  # "usb,nfc": how browsers reach it
    is_discoverable = models.BooleanField(null=True)  # whether it can be found without a name; None when not told
    verifies_user = models.BooleanField(default=False)  # it has asked for a fingerprint, a face or a PIN
    backup_eligible = models.BooleanField(default=False)  # it may be copied to other devices: never changes
    backed_up = models.BooleanField(default=False)
    flagged_at = models.DateTimeField(null=True)  # its counter went back: there may be a copy, so it no longer counts

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credential_id"], condition=Q(removed_by=None), name="webauthn_credential_once"
            ),
        ]

    @classmethod
    def named_by(cls, answer: Assertion) -> dict[str, Any]:
        return {"credential_id": answer.credential.id}

    def accepts(self, answer: Assertion) -> bool:
        """Whether the answer is this key's, to the question asked, and newer than any it gave before."""
        if answer.credential.id != self.credential_id:
            return False
        answer.problem = self._problem_with(answer)
        return answer.problem is None

    def hint(self, answer: Assertion) -> str:
        """Why the owner's own key was refused. One that may have been copied counts no more."""
        if answer.credential.id != self.credential_id or answer.problem is None:
            return ""
        if answer.problem is Problem.COPIED:
            copies.flag(self, answer.question.origin)
        return str(answer.problem.label)

    @property
    def is_superseded(self) -> bool:
        return WebAuthnDevice.objects.filter(credential_id=self.credential_id).exclude(pk=self.pk).exists()

    @property
    def is_device_bound(self) -> bool:
        """Whether its secret stays where it was made."""
        return not self.backup_eligible

    @cached_property
    def key_model(self) -> KeyModel | None:
        """What it is, as far as its maker says so; None when unknown."""
        return key_models.model_of(self.aaguid)

    @property
    def transport_list(self) -> list[str]:
        return self.transports.split(",") if self.transports else []

    def _problem_with(self, answer: Assertion) -> Problem | None:
        """None for a right answer, which leaves its mark on the row."""
        if self.flagged_at is not None:
            return Problem.FLAGGED
        try:
            told = ceremonies.check_assertion(answer, self)
        except Refused as refused:
            return refused.problem
        if not self._count_goes_on(told.sign_count):
            return Problem.OVER if self._has_answered_since(answer) else Problem.COPIED
        self.backed_up = told.backed_up
        self.verifies_user = self.verifies_user or told.verified_user
        return None

    def _count_goes_on(self, count: int) -> bool:
        """Whether the counter is beyond the last one, which it then is (WA-06). Keys without one say 0 each time."""
        if count == 0 and self.sign_count == 0:
            return True
        self.sign_count = max(count, self.sign_count)
        return _COUNT_ON.run(pk=self.pk, count=count) == 1

    def _has_answered_since(self, answer: Assertion) -> bool:
        """Whether it was used after this question was asked: of two honest answers the later one may arrive first."""
        if self.last_used_at is None:
            return False
        asked = PasskeyChallenge.objects.filter(challenge=answer.credential.client_data.challenge)
        return asked.filter(created_at__lt=self.last_used_at).exists()


def counting_keys(user: User) -> QuerySet[WebAuthnDevice]:
    """The keys that a person may be asked for: one that may have been copied is not."""
    return WebAuthnDevice.objects.filter(user=user, confirmed=True, flagged_at=None).order_by("pk")


_COUNT_ON = PreparedUpdate(
    lambda given: WebAuthnDevice.objects.filter(pk=given.pk, sign_count__lt=given.count),
    lambda given: {"sign_count": given.count},
)


class PasskeyHandle(models.Model):
    """What a person's passkeys know them as: random, so that a key that is found tells no account (§14.6.1)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkey_handle")
    handle = models.CharField(max_length=86, unique=True)  # base64url of 64 bytes
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"passkey handle {self.pk}"


class PasskeyChallenge(models.Model):
    """A question to a key: one answer, within five minutes, from one browser, for one purpose (§13.4.3)."""

    class Purpose(models.TextChoices):
        """What the answer is for."""

        REGISTER = "register"
        SIGN_IN = "sign_in"
        CONFIRM = "confirm"
        PASSWORDLESS = "passwordless"
        TRY = "try"

    challenge = models.CharField(max_length=43, unique=True)  # base64url of 32 bytes
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    browser = models.CharField(max_length=64)  # the digest of its session's key
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now, db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} challenge {self.pk}"

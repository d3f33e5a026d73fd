"""Codes that change every 30 seconds (RFC 6238): what a code app and our own app share."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pyotp
from django.conf import settings
from django.db import models
from django.utils.crypto import constant_time_compare

from lib import clock, crypto
from twofactor.second_factor import SecondFactor

if TYPE_CHECKING:
    from collections.abc import Iterator

DIGITS = 6
SECONDS_PER_STEP = 30
SECRET_LENGTH = 32  # base32 characters: 160 bits, the length of the HMAC's hash (RFC 4226 §4 R6)


class TimedCodeDevice(SecondFactor):
    """A shared secret, and the last step a code was accepted for."""

    binding = models.UUIDField(default=uuid.uuid4, editable=False)  # ties the sealed secret to this row
    sealed_secret = models.TextField()
    last_step = models.BigIntegerField(default=-1)

    class Meta:
        abstract = True

    @property
    def secret(self) -> str:
        """Base32. Raises CannotUnseal when it was tampered with, moved from another row, or its key is missing."""
        return crypto.unseal(self.sealed_secret, purpose="timed_code", bound_to=self._owner())

    @secret.setter
    def secret(self, secret: str) -> None:
        self.sealed_secret = crypto.seal(secret, purpose="timed_code", bound_to=self._owner())

    def accepts(self, answer: str) -> bool:
        """Whether it is the code of a step near now, later than any step accepted before (RFC 6238 §5.2)."""
        fresh = [step for step in self._steps_of(answer) if step > self.last_step]
        self.last_step = fresh[0] if fresh else self.last_step
        return bool(fresh)

    def has_spent(self, answer: str) -> bool:
        return any(step <= self.last_step for step in self._steps_of(answer))

    def _steps_of(self, code: str) -> Iterator[int]:
        """The steps inside the window that this is the code of."""
        totp = pyotp.TOTP(self.secret, digits=DIGITS, interval=SECONDS_PER_STEP)
        present = int(clock.now().timestamp()) // SECONDS_PER_STEP
        for step in range(present - settings.TOTP_WINDOW, present + settings.TOTP_WINDOW + 1):
            if constant_time_compare(code, totp.generate_otp(step)):
                yield step

    def _owner(self) -> str:
        return f"{self._meta.label_lower}|secret|{self.binding}|{self.user_id}"


def new_secret() -> str:
    """160 random bits as base32."""
    return pyotp.random_base32(SECRET_LENGTH)

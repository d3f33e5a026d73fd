"""Codes that change every 30 seconds (RFC 6238): what a code app and our own app share."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
from django.conf import settings
from django.db import models
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lib import clock, crypto
from lib.sealed_field import SealedField
from twofactor.second_factor import TAKEN_JUST_NOW, SecondFactor

if TYPE_CHECKING:
    from collections.abc import Iterator

DIGITS = 6
SECONDS_PER_STEP = 30
STEPS_OF_DRIFT = 20  # ten minutes: a clock that is wrong by more is wrong by hours
SECRET_LENGTH = 32  # base32 characters: 160 bits, the length of the HMAC's hash (RFC 4226 §4 R6)


class TimedCodeDevice(SecondFactor):
    """A shared secret, and the last step a code was accepted for."""

    binding = models.UUIDField(default=uuid.uuid4, editable=False)  # ties the sealed secret to this row
    sealed_secret = models.TextField()
    last_step = models.BigIntegerField(default=-1)
    struck_step = models.BigIntegerField(default=-1)  # its code was told to be right for later: it never counts

    class Meta:
        abstract = True

    @classmethod
    def family(cls) -> type[SecondFactor]:
        return TimedCodeDevice

    @property
    def secret(self) -> str:
        """Base32. Raises CannotUnseal when it was tampered with, moved from another row, or its key is missing."""
        return crypto.unseal_field(self.sealed_fields[0], self)

    @secret.setter
    def secret(self, secret: str) -> None:
        self.sealed_secret = crypto.seal_field(self.sealed_fields[0], self, secret)

    def twin(self) -> SecondFactor | None:
        """One of the person's with the same secret: each would take the same code once (ASVS 6.5.1)."""
        others = type(self).objects.filter(user_id=self.user_id).exclude(pk=self.pk)
        return next((other for other in others if other._has_secret(self.secret)), None)  # noqa: SLF001 - of its kind

    def accepts(self, answer: str) -> bool:
        """Whether it is the code of a step near now, later than any step accepted before (RFC 6238 §5.2)."""
        fresh = [step for step in self._steps_of(answer, settings.TOTP_WINDOW) if self._is_fresh(step)]
        self.last_step = fresh[0] if fresh else self.last_step
        return bool(fresh)

    def has_spent(self, answer: str) -> bool:
        return any(not self._is_fresh(step) for step in self._steps_of(answer, settings.TOTP_WINDOW))

    def has_just_taken(self, answer: str) -> bool:
        is_recent = self.last_used_at is not None and clock.now() - self.last_used_at < TAKEN_JUST_NOW
        return is_recent and self.last_step in self._steps_of(answer, settings.TOTP_WINDOW)

    def hint(self, answer: str) -> str:
        """That the phone's clock is wrong, and by how much, when that explains a code which was refused.

        Whoever guesses must gain nothing by it (RFC 6238 §6 would move the window instead). A code of the past never
        counts again. One of a time to come would, so it is struck before it is told, and none is told beside it.
        """
        step = self._drifted_step(answer)
        if step is None or (step > _present_step() and not self._strike(step)):
            return ""
        return clock_hint(drift_of(step))

    def drift(self, answer: str) -> timedelta | None:
        """How far ahead the clock is (negative: behind) that makes this the right code; None if none does."""
        step = self._drifted_step(answer)
        return None if step is None else drift_of(step)

    def _has_secret(self, secret: str) -> bool:
        try:
            return constant_time_compare(self.secret, secret)
        except crypto.CannotUnseal:  # its key is gone: it takes no code at all
            return False

    def _drifted_step(self, code: str) -> int | None:
        unused = [step for step in self._steps_of(code, STEPS_OF_DRIFT) if self._is_fresh(step)]
        return min(unused, key=lambda step: abs(step - _present_step()), default=None)

    def _is_fresh(self, step: int) -> bool:
        return step > self.last_step and step != self.struck_step

    def _strike(self, step: int) -> bool:
        """Keep the code of a step to come from ever counting; False, and nothing, while another one is struck."""
        free = type(self).objects.filter(pk=self.pk, struck_step__lt=_present_step() - settings.TOTP_WINDOW)
        return free.update(struck_step=step) == 1

    def _steps_of(self, code: str, window: int) -> Iterator[int]:
        """The steps inside the window that this is the code of."""
        totp = pyotp.TOTP(self.secret, digits=DIGITS, interval=SECONDS_PER_STEP)
        present = _present_step()
        for step in range(max(0, present - window), present + window + 1):
            if constant_time_compare(code, totp.generate_otp(step)):
                yield step

    def _owner(self) -> str:
        return f"{self._meta.label_lower}|secret|{self.binding}|{self.user_id}"

    sealed_fields = (SealedField("sealed_secret", purpose="timed_code", bound_to=_owner),)


def drift_of(step: int) -> timedelta:
    """From now to the middle of a step."""
    return timedelta(seconds=(step + 0.5) * SECONDS_PER_STEP - clock.now().timestamp())


def clock_hint(drift: timedelta) -> str:
    """What to tell the owner of a phone whose clock is wrong."""
    if drift > timedelta(0):
        words = _("Your phone's clock is about %(time)s ahead. Set it to automatic, then type the next code.")
    else:
        words = _("Your phone's clock is about %(time)s behind. Set it to automatic, then type the next code.")
    return words % {"time": _in_words(round(abs(drift).total_seconds()))}


def _in_words(seconds: int) -> str:
    if seconds < 90:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    minutes = round(seconds / 60)
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def _present_step() -> int:
    return int(clock.now().timestamp()) // SECONDS_PER_STEP


def new_secret() -> str:
    """160 random bits as base32."""
    return pyotp.random_base32(SECRET_LENGTH)

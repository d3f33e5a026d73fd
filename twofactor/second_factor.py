"""How any answer is checked. Methods only say which answers they accept."""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import DatabaseError
from django_otp.models import Device, TimestampMixin

from lib import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from accounts.user.models import Protection

log = logging.getLogger("sallyport.second_factor")


class SecondFactor(TimestampMixin, Device):
    """A device that subclasses complete by saying which answers they accept."""

    method_slug: ClassVar[str]
    protection: ClassVar[Protection]  # what having such a device is worth
    most: ClassVar[int] = 5  # of this kind a person may have; all are asked, so it bounds what an answer costs

    class Meta:
        abstract = True

    def verify_token(self, token: Any) -> bool:
        """Whether the answer is right; a right one is spent. Called by verify(), with the row locked."""
        if not self.accepts(token):
            return False
        self.last_used_at = clock.now()
        self.save()
        return True

    def accepts(self, answer: Any) -> bool:
        """Say whether the answer is right, and spend it if it can be used once."""
        raise NotImplementedError

    def has_spent(self, _answer: Any) -> bool:
        """Say whether the answer was right, once, and is used up."""
        return False


def verify(devices: QuerySet[SecondFactor], answer: Any) -> SecondFactor | None:
    """The device that accepts the answer, or None. Call it inside the transaction of what the answer allows.

    The rows stay locked until that transaction ends: of equal answers at the same instant one counts (ASVS 6.5.1).
    """
    confirmed = devices.select_for_update().filter(confirmed=True).order_by("pk")
    return next((device for device in confirmed if _yes(device.verify_token, answer)), None)


class Refusal(enum.Enum):
    """Why an answer did not count, as far as its giver may know."""

    WRONG = enum.auto()
    ALREADY_USED = enum.auto()
    UNCHECKABLE = enum.auto()


def why_refused(devices: QuerySet[SecondFactor], answer: Any) -> Refusal:
    """Look at an answer again after verify() has refused it."""
    verdicts = [_yes(device.has_spent, answer) for device in devices.filter(confirmed=True)]
    if any(verdicts):
        return Refusal.ALREADY_USED
    return Refusal.UNCHECKABLE if None in verdicts else Refusal.WRONG


def _yes(question: Callable[[Any], bool], answer: Any) -> bool | None:
    """The device's verdict; None, which is no yes, when it cannot tell (ASVS 16.5.3).

    A key may be missing, a secret tampered with, the method have a bug. Without the database nothing can be decided:
    the request fails.
    """
    try:
        return question(answer) is True
    except DatabaseError:
        raise
    except Exception:
        log.exception("A device could not check an answer")
        return None

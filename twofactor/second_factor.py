"""How any answer is checked. Methods only say which answers they accept."""

from __future__ import annotations

import enum
import logging
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import DatabaseError, models
from django_otp.models import Device, DeviceManager, TimestampMixin

from lib import clock, place, prepared, user_agent
from lib.origin import NOWHERE, Origin
from lib.prepared import PreparedSelect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from django.db.models import QuerySet

    from accounts.user.models import Protection, User
    from lib.slots import Given

MOST_ASKED = 5  # devices that one answer may be right for, whatever their kind: each makes a guess likelier to fit

log = logging.getLogger("sallyport.second_factor")


class PresentManager(DeviceManager):
    """The devices that count, for us and for django-otp. Those that were removed wait, sealed and unusable."""

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(removed_by=None)


class SecondFactor(TimestampMixin, Device):
    """A device that subclasses complete by saying which answers they accept.

    It is there as long as removed_by is empty. What was removed stays for a week, so that a thief's removal can be
    taken back; twofactor.devices.actions alone writes the three columns about it.
    """

    method_slug: ClassVar[str]
    protection: ClassVar[Protection]  # what having such a device is worth
    is_backup: ClassVar[bool] = False  # made with the first real device, gone with the last; never alone
    most: ClassVar[int] = 5  # of this kind a person may have; all are asked, so it bounds what an answer costs
    exported: ClassVar[tuple[str, ...]] = ()  # columns of its own that its owner gets, asking for their data
    first_page: ClassVar[str]  # the URL name of the page that a fresh backup device must be seen on

    created_at = models.DateTimeField(default=clock.now)
    last_used_agent = models.CharField(max_length=512, blank=True)
    last_used_place = models.CharField(max_length=200, blank=True)  # approximate, "" when unknown
    # Which changes did it: added it (None: long ago), removed it (None: it counts), and lets it count again soon.
    added_by = models.ForeignKey("twofactor.MethodChange", on_delete=models.SET_NULL, null=True, related_name="+")
    # Never SET_NULL: with the change the removal would go.
    removed_by = models.ForeignKey("twofactor.MethodChange", on_delete=models.RESTRICT, null=True, related_name="+")
    returns_by = models.ForeignKey("twofactor.MethodChange", on_delete=models.SET_NULL, null=True, related_name="+")

    objects: ClassVar[DeviceManager] = PresentManager()  # first, so that it is what get_object_or_404() and others take
    everything: ClassVar[models.Manager[Any]] = models.Manager()

    answered_from: Origin = NOWHERE  # not a column: where the answer at hand comes from

    class Meta:
        abstract = True

    def verify_token(self, token: Any) -> bool:
        """Whether the answer is right; a right one is spent. Called by verify(), with the row locked."""
        # A method that answers with a text, a row or a match has a bug: it is no yes.
        if self.accepts(token) is not True:
            return False
        self.last_used_at = clock.now()
        self.last_used_agent = self.answered_from.user_agent
        self.last_used_place = place.approximate_place(self.answered_from.ip)
        prepared.update(self)
        return True

    @classmethod
    def family(cls) -> type[SecondFactor]:
        """Whatever is asked together with this kind; a person may have so many (most) of all of it."""
        return cls

    @classmethod
    def named_by(cls, _answer: Any) -> dict[str, Any]:
        """What the answer itself says of the columns of its device: no others are locked and asked."""
        return {}

    @classmethod
    def make_for(cls, user: User) -> None:
        """Make the person's device of a backup kind. Only those have it."""
        raise NotImplementedError

    @classmethod
    def has_for_app(cls, _device: SecondFactor) -> bool:
        """Whether this kind, made as a backup together with the device, can still be shown on it."""
        return False

    @classmethod
    def show_in_app(cls, _device: SecondFactor) -> list[str]:
        """Show it there, once; nothing if it cannot be shown any more."""
        return []

    def twin(self) -> SecondFactor | None:
        """The same device, if it is stored already: what is sent twice is there once. Asked with the owner locked."""
        return None

    def leave(self) -> None:
        """What else must happen when the device is about to be deleted for good, in the same transaction."""

    @classmethod
    def prepare(cls, _devices: Devices, answer: Any) -> Any:
        """Turn an answer into what accepts() gets; slow work belongs here, before a row is locked."""
        return answer

    def accepts(self, answer: Any) -> bool:
        """Say whether the answer is right, and spend it if it can be used once."""
        raise NotImplementedError

    @property
    def called(self) -> str:
        """What its owner knows it as."""
        return self.name

    @property
    def is_superseded(self) -> bool:
        """Whether the very same thing was added anew since this was removed: then it cannot come back beside it."""
        return False

    @property
    def is_ready(self) -> bool:
        """Whether its owner has what it takes to answer."""
        return True

    @property
    def left(self) -> int | None:
        """How many answers it still has; None for devices that do not run out."""
        return None

    @property
    def last_used_browser(self) -> str:
        return user_agent.describe(self.last_used_agent) if self.last_used_agent else ""

    def has_spent(self, _answer: Any) -> bool:
        """Say whether the answer was right, once, and is used up."""
        return False

    def hint(self, _answer: Any) -> str:
        """What would help the owner after a refusal, if the answer itself shows it. It gives a guesser nothing."""
        return ""


class Devices:
    """Whose answer it may be: the confirmed devices of a kind that have these values in their columns."""

    def __init__(self, kind: type[SecondFactor], **columns: Any) -> None:
        self.kind, self._columns = kind, columns

    def query(self) -> QuerySet[SecondFactor]:
        return self.kind.objects.filter(confirmed=True, **self._columns).order_by("pk")

    def read(self) -> list[SecondFactor]:
        return _statement(self.kind, *self._columns).rows(**self._columns)

    def any(self) -> bool:
        return _statement(self.kind, *self._columns).any(**self._columns)

    def lock(self, answer: Any) -> list[SecondFactor]:
        """Those that the answer can be of, nobody else's until the transaction ends."""
        columns = self.kind.named_by(answer) | self._columns  # what we know goes before what the answer says
        return _statement(self.kind, *columns, locks=True).rows(**columns)


@cache
def _statement(kind: type[SecondFactor], *columns: str, locks: bool = False) -> PreparedSelect[SecondFactor]:
    def build(given: Given) -> QuerySet[SecondFactor]:
        devices = Devices(kind, **given.columns(columns)).query()
        return devices.select_for_update() if locks else devices

    return PreparedSelect(build)


def verify(kinds: Sequence[Devices], answer: Any, origin: Origin = NOWHERE) -> SecondFactor | None:
    """The device that accepts the answer, or None. Call it inside the transaction of what the answer allows.

    The rows stay locked until that transaction ends: of equal answers at the same instant one counts (ASVS 6.5.1).
    """
    for device, told in islice(_in_turn(kinds, _answers_for(kinds, answer)), MOST_ASKED):
        device.answered_from = origin
        if _ask(device.verify_token, told) is True:
            return device
    return None


def _answers_for(kinds: Sequence[Devices], answer: Any) -> list[Any]:
    """The answer as the devices of each kind get it."""
    return [_ask(partial(devices.kind.prepare, devices), answer) for devices in kinds]


def _in_turn(kinds: Sequence[Devices], answers: list[Any]) -> Iterator[tuple[SecondFactor, Any]]:
    """Locked, the one used last first; a further kind only when nobody before it has accepted: most people have one."""
    for devices, told in zip(kinds, answers, strict=True):
        for device in sorted(devices.lock(told), key=_used_at, reverse=True):
            yield device, told


def _used_at(device: SecondFactor) -> float:
    return (device.last_used_at or device.created_at).timestamp()


class Refusal(enum.Enum):
    """Why an answer did not count, as far as its giver may know."""

    WRONG = enum.auto()
    ALREADY_USED = enum.auto()
    UNCHECKABLE = enum.auto()


def why_refused(kinds: Sequence[Devices], answer: Any) -> Refusal:
    """Look at an answer again after verify() has refused it."""
    verdicts = [_ask(device.has_spent, told) for device, told in _each(kinds, answer)]
    if True in verdicts:
        return Refusal.ALREADY_USED
    return Refusal.UNCHECKABLE if None in verdicts else Refusal.WRONG


def hint_about(kinds: Sequence[Devices], answer: Any) -> str:
    """What would help the giver of an answer that was wrong; "" for nothing."""
    hints = (_ask(device.hint, answer) for device, _told in _each(kinds, answer))
    return next((str(hint) for hint in hints if hint), "")


def _each(kinds: Sequence[Devices], answer: Any) -> Iterator[tuple[SecondFactor, Any]]:
    """Every device with what it gets to judge."""
    for devices, told in zip(kinds, _answers_for(kinds, answer), strict=True):
        for device in devices.read():
            yield device, told


def _ask(question: Callable[[Any], Any], answer: Any) -> Any:
    """The device's verdict; None, which is no yes, when it cannot tell (ASVS 16.5.3).

    A key may be missing, a secret tampered with, the method have a bug. Without the database nothing can be decided:
    the request fails.
    """
    try:
        return question(answer)
    except DatabaseError:
        raise
    except Exception:
        log.exception("A device could not check an answer")
        return None

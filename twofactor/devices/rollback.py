"""What taking a change of second factors back would do: the page says it, and the action does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twofactor.devices.owned import kinds

if TYPE_CHECKING:
    from twofactor.devices.models import MethodChange
    from twofactor.second_factor import SecondFactor


@dataclass(frozen=True)
class Disowned:
    """Somebody said by a link, or with a confirmation, that a change was not theirs. Carried to the action."""

    user_id: int
    change_id: int


@dataclass(frozen=True)
class Plan:
    """Every device that the change, or what came after it, has touched."""

    gone: list[SecondFactor]  # added since: removed now
    back: list[SecondFactor]  # removed since: count again now
    later: list[SecondFactor]  # removed since, and perhaps in other hands: count again in a day
    stopped: list[SecondFactor]  # were to count again in a day: they do not

    @property
    def is_empty(self) -> bool:
        return not (self.gone or self.back or self.later or self.stopped)


def plan_of(change: MethodChange) -> Plan:
    """As the devices stand now. Whether the change may still be taken back, is_open says.

    What was there before the change and still is stays, whatever happened to it in between: taking back never takes
    away what is older than what it takes back.
    """
    every = [
        device
        for kind in kinds()
        for device in kind.everything.filter(user_id=change.user_id).select_related("removed_by").order_by("pk")
    ]
    stays = [device for device in every if _is_older(device, change) and device.removed_by is None]
    gone = [device for device in every if not _is_older(device, change) and device.removed_by is None]
    removed = [device for device in every if _is_older(device, change) and _was_there(device, change)]
    back = [device for device in removed if not _comes_late(device, change)]
    sets = {type(device) for device in (*stays, *back) if device.is_backup}  # one of each is enough
    later = [device for device in removed if _comes_late(device, change) and type(device) not in sets]
    stopped = [device for device in every if (device.returns_by_id or 0) >= change.pk and device not in (*later, *back)]
    return Plan(gone, back, later, stopped)


def _is_older(device: SecondFactor, change: MethodChange) -> bool:
    return (device.added_by_id or 0) < change.pk


def _was_there(device: SecondFactor, change: MethodChange) -> bool:
    """Removed now, but there, or about to be there again, when the change came."""
    if device.removed_by is None:
        return False
    return device.removed_by.pk >= change.pk or device.persistent_id in change.returning


def _comes_late(device: SecondFactor, change: MethodChange) -> bool:
    was_returning = device.persistent_id in change.returning
    return was_returning or (device.removed_by is not None and device.removed_by.gives_back_late)

"""Rows of removed devices: sealed, let go again, deleted. devices.actions alone calls it, decides and tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.user.models import User
from lib import clock
from organizations.members.models import Membership
from twofactor.devices.models import KEPT, TOLD_FOR, MethodChange
from twofactor.devices.owned import has_room, kinds, protection_of, returning
from twofactor.enrolment.models import Enrolment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from audit.models import SecurityEvent
    from twofactor.second_factor import SecondFactor

Kind = MethodChange.Kind


# ── The change ──
def begin(user: User, kind: Kind = Kind.CHANGED) -> MethodChange:
    """The row that devices refer to. It says what was about to count again: taking it back lets that go on."""
    waiting = [device.persistent_id for device in returning(user)]
    return MethodChange.objects.create(user=user, kind=kind, returning=waiting)


def told(change: MethodChange, event: SecurityEvent) -> None:
    """Let the link in the alert find it. The record is the last lock to take; this row is nobody else's yet."""
    change.event = event
    change.save(update_fields=["event", "enrolment"])


def close(user: User, *, since: MethodChange | None, before: MethodChange) -> None:
    """The links of these changes take nothing back any more: what they tell of is taken back."""
    first = since.pk if since is not None else 0
    undone = MethodChange.objects.filter(user=user, undone_at=None, pk__gte=first, pk__lt=before.pk)
    Enrolment.objects.filter(pk__in=undone.values("enrolment"), undone_at=None).update(undone_at=clock.now())
    undone.update(undone_at=clock.now())


# ── The devices, with their owner's row locked ──
def held(kind: type[SecondFactor], **which: Any) -> list[SecondFactor]:
    """Devices that count, nobody else's until the transaction ends; in the order in which a sign-in locks them."""
    return list(kind.objects.select_for_update().filter(**which).order_by("pk"))


def all_held(user: User) -> list[SecondFactor]:
    return [device for kind in kinds() for device in held(kind, user=user)]


def seal(devices: Iterable[SecondFactor], change: MethodChange) -> None:
    """From now on they are as good as gone, but in the rows."""
    for device in devices:
        type(device).everything.filter(pk=device.pk).update(removed_by=change, returns_by=None)


def stop(devices: Iterable[SecondFactor]) -> None:
    """They do not count again soon."""
    for device in devices:
        type(device).everything.filter(pk=device.pk).update(returns_by=None)


def release(devices: Iterable[SecondFactor], user: User) -> list[SecondFactor]:
    """Let them count again, if nothing has taken their place; returns those that do."""
    return [device for device in devices if _may_come_back(device, user) and _is_released(device)]


def let_return(devices: Iterable[SecondFactor], change: MethodChange, user: User) -> bool:
    """Let them count again in a day; whether anything does. What waits already waits as long: all is told anew."""
    for device in devices:
        if _may_come_back(device, user):
            type(device).everything.filter(pk=device.pk).update(returns_by=change)
    is_any = bool(returning(user))
    user.method_returns_at = clock.now() + TOLD_FOR if is_any else None
    return is_any


def write_protection(user: User) -> None:
    """Bring the copies that lists and rules read in line with the devices."""
    protection = protection_of(user)
    if protection:
        user.protection_lost_at = None
    elif user.protection:
        user.protection_lost_at = clock.now()
    user.protection = protection
    if not returning(user):
        user.method_returns_at = None
    columns = ("protection", "protection_lost_at", "method_returns_at")
    User.objects.filter(pk=user.pk).update(**{column: getattr(user, column) for column in columns})
    Membership.objects.filter(user=user).update(protection=protection)


# ── For good ──
def purge() -> int:
    """Delete what no link can put back any more; returns how many. While that is contested, all is kept."""
    since = clock.now() - KEPT
    contested = MethodChange.objects.filter(kind=Kind.PUT_BACK, created_at__gte=since).values("user")
    old = [_over(kind).exclude(user__in=contested) for kind in kinds()]
    return sum(_delete(rows.model, pk) for rows in old for pk in list(rows.values_list("pk", flat=True)))


@transaction.atomic
def _delete(kind: type[SecondFactor], pk: int) -> int:
    device = kind.everything.select_related("removed_by").get(pk=pk)
    User.objects.select_for_update(no_key=True).get(pk=device.user_id)
    if not _over(kind).filter(pk=pk).exists():  # somebody has put it back meanwhile
        return 0
    device.leave()
    device.delete()
    return 1


def _over(kind: type[SecondFactor]) -> QuerySet[SecondFactor]:
    return kind.everything.filter(removed_by__created_at__lt=clock.now() - KEPT, returns_by=None)


def _may_come_back(device: SecondFactor, user: User) -> bool:
    return has_room(user, type(device)) and not device.is_superseded


def _is_released(device: SecondFactor) -> bool:
    return type(device).everything.filter(pk=device.pk).update(removed_by=None, returns_by=None) == 1

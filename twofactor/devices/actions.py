"""The only way to add, rename and remove a second factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django_otp
from django.db import transaction

from accounts.sessions.models import Ending
from accounts.user.actions import renew_auth
from accounts.user.models import Protection, User
from audit import events
from audit.actions import record
from organizations.members.models import Membership
from twofactor.second_factor import SecondFactor

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from accounts.sudo.actions import OwnSudo


class TooManyDevices(Exception):
    """The person has as many devices of this kind as one may have."""


@transaction.atomic
def add(device: SecondFactor, *, by: OwnSudo, request: SignedInRequest) -> None:
    """Store a device that has just accepted an answer: from now on it is asked for.

    Other sessions and pending sign-ins end; this session counts as verified by the device.
    Raises TooManyDevices.
    """
    user = _owner_locked(device, by)
    if not has_room(user, type(device)):
        raise TooManyDevices
    device.confirmed = True
    device.save()
    django_otp.login(request, device)
    _note_change(user, request)
    record(events.METHOD_ADDED, user=user, origin=request.origin, method=device.method_slug, name=device.name)


@transaction.atomic
def rename(device: SecondFactor, name: str, *, by: OwnSudo, request: SignedInRequest) -> None:
    """Give a device another name."""
    user = _owner_locked(device, by)
    old_name, device.name = device.name, name
    device.save(update_fields=["name"])
    details = {"method": device.method_slug, "old_name": old_name, "name": name}
    record(events.METHOD_RENAMED, user=user, origin=request.origin, **details)


@transaction.atomic
def remove(device: SecondFactor, *, by: OwnSudo, request: SignedInRequest) -> None:
    """Delete a device. With the last one two-step verification is off. Nothing is done if it is gone already."""
    user = _owner_locked(device, by)
    deleted, _rows = type(device).objects.filter(pk=device.pk, user=user).delete()
    if deleted:
        _note_change(user, request)
        record(events.METHOD_REMOVED, user=user, origin=request.origin, method=device.method_slug, name=device.name)


def has_room(user: User, kind: type[SecondFactor]) -> bool:
    """Whether the person may add one more of this kind."""
    return kind.objects.filter(user=user).count() < kind.most


def protection_of(user: User) -> Protection:
    """The strongest kind of confirmed device a person has, read from the devices themselves."""
    kinds = [kind for kind in django_otp.device_classes() if issubclass(kind, SecondFactor)]
    had = [kind.protection for kind in kinds if kind.objects.filter(user=user, confirmed=True).exists()]
    return max(had, default=Protection.NONE)


def write_protection(user: User) -> None:
    """Bring the copies that lists and rules read in line with the devices."""
    protection = protection_of(user)
    User.objects.filter(pk=user.pk).update(protection=protection)
    Membership.objects.filter(user=user).update(protection=protection)
    user.protection = protection


def _note_change(user: User, request: SignedInRequest) -> None:
    write_protection(user)
    renew_auth(user, session=request.session, reason=Ending.METHODS_CHANGED)


def _owner_locked(device: SecondFactor, by: OwnSudo) -> User:
    """The device's owner, locked, so that changes to one person's methods happen one after the other.

    no_key lets a sign-in, which holds a device and refers to its owner, pass: else the two could wait for each other.
    """
    if device.user_id != by.user_id:
        raise PermissionError("somebody else's device")  # a bug in the caller, not an answer to the person
    return User.objects.select_for_update(no_key=True).get(pk=by.user_id)

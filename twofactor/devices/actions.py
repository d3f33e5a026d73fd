"""The only way to add, rename, replace and remove a second factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_otp
from django.db import transaction

from accounts.password.actions import require_new_password
from accounts.sessions.models import Ending
from accounts.user.actions import renew_auth
from accounts.user.models import Protection, User
from audit import events
from audit.actions import record
from lib import clock
from organizations.members.models import Membership
from twofactor.enrolment.actions import note_first
from twofactor.enrolment.models import Enrolment
from twofactor.enrolment.proof import require_confirmed
from twofactor.policy import rules
from twofactor.second_factor import SecondFactor

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from accounts.sudo.actions import OwnSudo
    from lib.origin import Origin
    from twofactor.enrolment.proof import OwnUndo


class TooManyDevices(Exception):
    """The person has as many devices of this kind as one may have."""


@transaction.atomic
def add(device: SecondFactor, *, by: OwnSudo, request: SignedInRequest) -> str:
    """Store a device that has just accepted an answer: from now on it is asked for. Returns the URL name to go on to.

    Other sessions and pending sign-ins end; this session counts as verified by the device. With the first device come
    the backup codes and the link that undoes it. Sent twice, it is there once, and both go on to the same page. Raises
    TooManyDevices and NotConfirmedByEmail.
    """
    user = _owner_locked(device, by)
    twin = device.twin()
    if twin is not None:
        _stay(twin, user, request)
        return _page_after(twin)
    is_first = is_last(device)
    if is_first:
        require_confirmed(request)
    if not has_room(user, type(device)):
        raise TooManyDevices
    device.confirmed = True
    device.save()
    made = make_missing_backups(user)
    django_otp.login(request, device)
    _note_change(user, request)
    if is_first:
        note_first(device, user=user, origin=request.origin)
    else:
        record(events.METHOD_ADDED, user=user, origin=request.origin, method=device.method_slug, name=device.name)
    return made[0].first_page if made else "twofactor:devices:overview"


@transaction.atomic
def rename(device: SecondFactor, name: str, *, by: OwnSudo, request: SignedInRequest) -> None:
    """Give a device another name."""
    user = _owner_locked(device, by)
    old_name, device.name = device.name, name
    device.save(update_fields=["name"])
    details = {"method": device.method_slug, "old_name": old_name, "name": name}
    record(events.METHOD_RENAMED, user=user, origin=request.origin, **details)


@transaction.atomic
def replace(old: SecondFactor, new: SecondFactor, *, by: OwnSudo, request: SignedInRequest) -> bool:
    """Put a device that has just accepted an answer in the place of another: at no moment is there neither.

    False, and nothing is done, if the old one is gone already, unless this one took its place; or if this one took the
    place of another.
    """
    new.user = _owner_locked(old, by)
    twin = new.twin()
    if twin is not None:
        was_sent_twice = not type(old).objects.filter(pk=old.pk).exists()
        if was_sent_twice:
            _stay(twin, new.user, request)
        return was_sent_twice
    if not _delete(type(old), user=new.user, pk=old.pk):
        return False
    new.confirmed = True
    new.save()
    django_otp.login(request, new)
    _note_change(new.user, request)
    details = {"method": new.method_slug, "old_name": old.name, "name": new.name}
    record(events.METHOD_REPLACED, user=new.user, origin=request.origin, **details)
    return True


@transaction.atomic
def remove(device: SecondFactor, *, by: OwnSudo, request: SignedInRequest) -> bool:
    """Delete one device of several. Nothing is done if it is gone already.

    False, and nothing is done, if it is the last: that is turning two-step verification off, which asks for more.
    """
    user = _owner_locked(device, by)
    if is_last(device):
        return False
    if _delete(type(device), user=user, pk=device.pk):
        _note_change(user, request)
        record(events.METHOD_REMOVED, user=user, origin=request.origin, method=device.method_slug, name=device.name)
    return True


@transaction.atomic
def turn_off(user: User, *, by: OwnSudo, request: SignedInRequest) -> bool:
    """Delete every device, backups too: from now on the password alone signs in, and the person is told.

    The caller has just checked the password. False, and nothing is done, if a rule forbids it.
    """
    user = _locked(user.pk, by)
    if not rules.may_be_without(user):
        return False
    if sum(_delete(kind, user=user) for kind in kinds()):
        _note_change(user, request)
        record(events.METHODS_OFF, user=user, origin=request.origin)
    return True


@transaction.atomic
def undo_first(*, by: OwnUndo, origin: Origin) -> bool:
    """Take a first enrolment back: every device came with it or after it, so every device goes.

    Nobody gets in by it. The password is known to whoever did this, so it stops counting, and the link for another
    one goes to the mailbox. Nor does a rule forbid it: the account is as it was before. False if the link is over.
    """
    user = _locked(by.user_id, by)
    enrolment = Enrolment.objects.open().filter(pk=by.enrolment_id, user=user).first()
    still_hears = any(to.email == by.email for to in user.recipients)
    is_open = enrolment is not None and still_hears and not enrolment.is_vouched_for
    if not is_open or not sum([_delete(kind, user=user) for kind in kinds()]):
        return False
    Enrolment.objects.filter(user=user, undone_at=None).update(undone_at=clock.now())
    write_protection(user)
    require_new_password(user, reason=Ending.METHODS_CHANGED, origin=origin)
    record(events.METHODS_UNDONE, user=user, origin=origin)
    return True


def note_answer_about_loss(user: User) -> None:
    """The person has said what was lost when a backup was used: no page need ask any more."""
    for kind in kinds():
        if kind.is_backup:
            kind.note_answer_about_loss(user)


def is_last(device: SecondFactor) -> bool:
    """Whether nothing would be left to ask for without this device. Backups do not count: they must never be alone."""
    others = [kind.objects.filter(user_id=device.user_id, confirmed=True) for kind in kinds() if not kind.is_backup]
    return not any(left.exclude(pk=device.pk if left.model is type(device) else None).exists() for left in others)


def make_missing_backups(user: User) -> list[type[SecondFactor]]:
    """Give the person the backup devices they lack; returns the kinds that were made."""
    missing = [kind for kind in kinds() if kind.is_backup and not kind.objects.filter(user=user).exists()]
    for kind in missing:
        kind.make_for(user)
    return missing


def kinds() -> list[type[SecondFactor]]:
    """Every kind of device there is, found through django-otp: this module knows no method by name."""
    return [kind for kind in django_otp.device_classes() if issubclass(kind, SecondFactor)]


def has_room(user: User, kind: type[SecondFactor]) -> bool:
    """Whether the person may add one more of this kind, or of one that is asked together with it."""
    relatives = [other for other in kinds() if issubclass(other, kind.family())]
    return sum(other.objects.filter(user=user).count() for other in relatives) < kind.most


def protection_of(user: User) -> Protection:
    """The strongest kind of confirmed device a person has, read from the devices themselves."""
    had = [kind.protection for kind in kinds() if kind.objects.filter(user=user, confirmed=True).exists()]
    return max(had, default=Protection.NONE)


def write_protection(user: User) -> None:
    """Bring the copies that lists and rules read in line with the devices."""
    protection = protection_of(user)
    if protection:
        user.protection_lost_at = None
    elif user.protection:
        user.protection_lost_at = clock.now()
    user.protection = protection
    User.objects.filter(pk=user.pk).update(protection=protection, protection_lost_at=user.protection_lost_at)
    Membership.objects.filter(user=user).update(protection=protection)


def _stay(twin: SecondFactor, user: User, request: SignedInRequest) -> None:
    """Go on as the request that was faster. Its answer may never be read: then the browser has only this one's key."""
    django_otp.login(request, twin)
    request.session.keep(user)


def _page_after(twin: SecondFactor) -> str:
    backups = [kind for kind in kinds() if kind.is_backup] if is_last(twin) else []
    return backups[0].first_page if backups else "twofactor:devices:overview"


def _note_change(user: User, request: SignedInRequest) -> None:
    write_protection(user)
    renew_auth(user, session=request.session, reason=Ending.METHODS_CHANGED)


def _owner_locked(device: SecondFactor, by: OwnSudo) -> User:
    """The device's owner, locked, so that changes to one person's methods happen one after the other.

    no_key lets a confirmation, which holds a device and refers to its owner, pass: else the two could wait for each
    other.
    """
    return _locked(device.user_id, by)


def _locked(user_id: int, by: OwnSudo | OwnUndo) -> User:
    if user_id != by.user_id:
        raise PermissionError("somebody else's proof")  # a bug in the caller, not an answer to the person
    return User.objects.select_for_update(no_key=True).get(pk=by.user_id)


def _delete(kind: type[SecondFactor], **which: Any) -> int:
    """Delete devices; returns how many. They are locked first, in the order in which a sign-in locks them."""
    leaving = list(kind.objects.select_for_update().filter(**which).order_by("pk"))
    for device in leaving:
        device.leave()
    kind.objects.filter(pk__in=[device.pk for device in leaving]).delete()
    return len(leaving)

"""The only way to add, rename, replace, remove and put back a second factor.

What is removed stays for a week, sealed and unusable, since whoever removed it may have been a thief: its owner takes
the change back by the link in its alert (docs/decisions/0032-methods-can-be-put-back.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import django_otp
from django.db import transaction

from accounts.password.actions import require_new_password
from accounts.sessions.models import Ending
from accounts.user.actions import renew_auth
from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import clock
from lib.origin import NOWHERE
from twofactor.devices import sealing
from twofactor.devices.models import MethodChange
from twofactor.devices.owned import has_room, is_last, kinds, page_after, protection_of, returning
from twofactor.devices.rollback import Disowned, plan_of
from twofactor.enrolment.actions import note_first
from twofactor.enrolment.models import Enrolment
from twofactor.enrolment.proof import require_confirmed
from twofactor.policy import rules

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from accounts.sudo.actions import OwnSudo
    from audit.models import SecurityEvent
    from lib.origin import Origin
    from twofactor.enrolment.proof import OwnUndo
    from twofactor.second_factor import SecondFactor

Kind = MethodChange.Kind


class TooManyDevices(Exception):
    """The person has as many devices of this kind as one may have."""


# ── By the person, in a session that has confirmed ──
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
        return page_after(twin)
    is_first = not protection_of(user)
    if is_first:
        require_confirmed(request)
    if not has_room(user, type(device)):
        raise TooManyDevices
    change = sealing.begin(user)
    device.confirmed, device.added_by = True, change
    device.save()
    made = make_missing_backups(user, change)
    django_otp.login(request, device)
    _note_change(user, request)
    sealing.told(change, _record_added(device, change, user, request, is_first=is_first))
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
def replace(
    old: SecondFactor, new: SecondFactor, *, by: OwnSudo, request: SignedInRequest, is_lost: bool = False
) -> bool:
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
    leaving = sealing.held(type(old), user=new.user, pk=old.pk)
    if not leaving:
        return False
    change = sealing.begin(new.user, Kind.LOST if is_lost else Kind.CHANGED)
    sealing.seal(leaving, change)
    new.confirmed, new.added_by = True, change
    new.save()
    django_otp.login(request, new)
    _note_change(new.user, request)
    details = {"method": new.method_slug, "old_name": old.name, "name": new.name}
    sealing.told(change, record(events.METHOD_REPLACED, user=new.user, origin=request.origin, **details))
    return True


@transaction.atomic
def remove(device: SecondFactor, *, by: OwnSudo, request: SignedInRequest, is_lost: bool = False) -> bool:
    """Take one device of several away. Nothing is done if it is gone already.

    False, and nothing is done, if it is the last: that is turning two-step verification off, which asks for more.
    """
    user = _owner_locked(device, by)
    if is_last(device):
        return False
    leaving = sealing.held(type(device), user=user, pk=device.pk)
    if leaving:
        change = sealing.begin(user, Kind.LOST if is_lost else Kind.CHANGED)
        sealing.seal(leaving, change)
        _note_change(user, request)
        event = events.METHOD_LOST if is_lost else events.METHOD_REMOVED
        details = {"method": device.method_slug, "name": device.name}
        sealing.told(change, record(event, user=user, origin=request.origin, **details))
    return True


@transaction.atomic
def renew_backup(kind: type[SecondFactor], *, by: OwnSudo, request: SignedInRequest, is_lost: bool = False) -> None:
    """A fresh one; the old one stops working at this moment, also for a sign-in that is checking it now."""
    user = _locked(by.user_id, by)
    change = sealing.begin(user, Kind.LOST if is_lost else Kind.CHANGED)
    sealing.seal(sealing.held(kind, user=user), change)
    make_missing_backups(user, change)
    sealing.told(change, record(events.CODES_RENEWED, user=user, origin=request.origin))


@transaction.atomic
def turn_off(user: User, *, by: OwnSudo, request: SignedInRequest) -> bool:
    """Take every device away, backups too: from now on the password alone signs in, and the person is told.

    The caller has just checked the password. False, and nothing is done, if a rule forbids it.
    """
    user = _locked(user.pk, by)
    if not rules.may_be_without(user):
        return False
    leaving = sealing.all_held(user)
    if leaving:
        change = sealing.begin(user)
        sealing.seal(leaving, change)
        sealing.stop(returning(user))
        _note_change(user, request)
        sealing.told(change, record(events.METHODS_OFF, user=user, origin=request.origin))
    return True


@transaction.atomic
def stop_returns(*, by: OwnSudo, request: SignedInRequest) -> bool:
    """Let nothing that was removed count again. False if nothing is about to, any more."""
    user = _locked(by.user_id, by)
    first = min((device.returns_by_id for device in returning(user) if device.returns_by_id), default=0)
    if not put_back(by=Disowned(user.pk, first), origin=request.origin):
        return False
    renew_auth(user, session=request.session, reason=Ending.METHODS_CHANGED)
    return True


# ── By a link in a mail ──
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
    leaving = sealing.all_held(user) if is_open else []
    if not leaving:
        return False
    change = sealing.begin(user, Kind.PUT_BACK)
    sealing.seal(leaving, change)
    sealing.stop(returning(user))
    sealing.close(user, since=MethodChange.objects.filter(enrolment=enrolment).first(), before=change)
    Enrolment.objects.filter(user=user, undone_at=None).update(undone_at=clock.now())
    sealing.write_protection(user)
    require_new_password(user, reason=Ending.METHODS_CHANGED, origin=origin)
    sealing.told(change, record(events.METHODS_UNDONE, user=user, origin=origin))
    return True


@transaction.atomic
def put_back(*, by: Disowned, origin: Origin) -> bool:
    """Put the devices back as they stood before a change. False, and nothing is done, if it is too late for that.

    What was added since is removed, what was removed since counts again: at once, but what may be in other hands in a
    day, of which everybody concerned is told. Nobody gets in by it: the caller locks the account, or holds a session
    that has confirmed. What this does can be taken back in the same way; what it removed comes late, too.
    """
    user = _locked(by.user_id, by)
    change = MethodChange.objects.open().filter(pk=by.change_id, user=user).select_related("enrolment").first()
    plan = plan_of(change) if change is not None and change.is_open else None
    if change is None or plan is None or plan.is_empty:
        return False
    undoing = sealing.begin(user, Kind.PUT_BACK)
    sealing.seal(plan.gone, undoing)
    sealing.stop([*plan.stopped, *plan.later])
    sealing.release(plan.back, user)
    is_late = sealing.let_return(plan.later, undoing, user)
    sealing.close(user, since=change, before=undoing)
    sealing.write_protection(user)
    event = events.METHODS_PUT_BACK_LATER if is_late else events.METHODS_PUT_BACK
    names = ", ".join(device.called for device in returning(user))
    sealing.told(undoing, record(event, user=user, origin=origin, **({"name": names} if is_late else {})))
    return True


# ── By the clock ──
def bring_back_due() -> int:
    """Let what everybody was told of, and nobody stopped, count again; returns how many devices."""
    due = User.objects.filter(method_returns_at__lte=clock.now()).order_by("pk").values_list("pk", flat=True)
    return sum(_bring_back(user_id) for user_id in list(due))


@transaction.atomic
def _bring_back(user_id: int) -> int:
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    if user.method_returns_at is None or user.method_returns_at > clock.now():
        return 0  # stopped since
    waiting = returning(user)
    sealing.stop(waiting)
    devices = sealing.release(waiting, user)
    sealing.write_protection(user)
    for device in devices:
        asked = device.returns_by.event if device.returns_by else None
        origin = asked.origin if asked else NOWHERE  # of whoever said that it was to come back
        record(events.METHOD_RETURNED, user=user, origin=origin, method=device.method_slug, name=device.called)
    return len(devices)


def make_missing_backups(user: User, change: MethodChange | None = None) -> list[type[SecondFactor]]:
    """Give the person the backup devices they lack; returns the kinds that were made."""
    missing = [kind for kind in kinds() if kind.is_backup and not kind.objects.filter(user=user).exists()]
    for kind in missing:
        kind.make_for(user)
        kind.objects.filter(user=user).update(added_by=change)
    return missing


def _record_added(
    device: SecondFactor, change: MethodChange, user: User, request: SignedInRequest, *, is_first: bool
) -> SecurityEvent:
    if is_first:
        event, change.enrolment = note_first(device, user=user, origin=request.origin)
        return event
    details = {"method": device.method_slug, "name": device.name}
    return record(events.METHOD_ADDED, user=user, origin=request.origin, **details)


def _stay(twin: SecondFactor, user: User, request: SignedInRequest) -> None:
    """Go on as the request that was faster. Its answer may never be read: then the browser has only this one's key."""
    django_otp.login(request, twin)
    request.session.keep(user)


def _note_change(user: User, request: SignedInRequest) -> None:
    sealing.write_protection(user)
    renew_auth(user, session=request.session, reason=Ending.METHODS_CHANGED)


def _owner_locked(device: SecondFactor, by: OwnSudo) -> User:
    """The device's owner, locked, so that changes to one person's methods happen one after the other.

    no_key lets a confirmation, which holds a device and refers to its owner, pass: else the two could wait for each
    other.
    """
    return _locked(device.user_id, by)


def _locked(user_id: int, by: OwnSudo | OwnUndo | Disowned) -> User:
    if user_id != by.user_id:
        raise PermissionError("somebody else's proof")  # a bug in the caller, not an answer to the person
    return User.objects.select_for_update(no_key=True).get(pk=by.user_id)

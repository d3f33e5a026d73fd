"""The one place that says whether a locked account lets somebody in. Whatever signs people in asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.lock.way_back import take_back_reset, tell_reset_in_a_while
from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import clock

if TYPE_CHECKING:
    from django_otp.models import Device

    from lib.origin import Origin


class AccountLocked(PermissionDenied):
    """Told only to whoever gave the right password, or another proof that nobody guesses.

    Where no view catches it, the answer is the page that says so (config.errors.forbidden).
    """


def refuse_locked(user: User) -> None:
    """When a sign-in begins, with the person held: raises AccountLocked until the mailbox was shown."""
    if user.is_barred:
        raise AccountLocked


@transaction.atomic
def note_refused(user_id: int, origin: Origin) -> None:
    """After AccountLocked has undone what the sign-in had written: its owner reads of it on the activity page."""
    user = User.objects.get(pk=user_id)
    if user.is_barred:
        record(events.LOCKED_REFUSED, user=user, origin=origin)


def pass_through(user: User, origin: Origin, *, device: Device | None) -> None:
    """At the end of every sign-in, inside its transaction, with the person held: an open account passes, at no cost.

    A locked one is opened by a second factor after the mailbox was shown, whichever factor it is. Raises AccountLocked
    for anything less: a passkey alone, a remembered browser, a password.
    """
    if not user.is_locked:
        return
    if user.is_barred or device is None or not _open(user):
        raise AccountLocked
    take_back_reset(user)
    record(events.ACCOUNT_UNLOCKED, user=user, origin=origin.by(user))


def note_mailbox(user: User, origin: Origin) -> None:
    """After a new password was set by the link in a mail, with the person's row locked.

    That is half of the way out for people with a second step. For the others nothing stronger exists to ask for.
    """
    if not user.is_locked:
        return
    if user.protection:
        User.objects.filter(pk=user.pk).update(mailbox_shown_at=clock.now())
        tell_reset_in_a_while(user)
    elif _open(user):
        record(events.ACCOUNT_UNLOCKED, user=user, origin=origin)


def _open(user: User) -> bool:
    """One UPDATE of the row as it was read: an account that was locked once more meanwhile stays locked."""
    as_read = User.objects.filter(pk=user.pk, locked_at=user.locked_at, auth_generation=user.auth_generation)
    if not as_read.update(locked_at=None, locked_for="", mailbox_shown_at=None):
        return False
    user.locked_at, user.locked_for, user.mailbox_shown_at = None, "", None
    return True

"""Changing the address: the new one confirms, the old one may stop it, before and for a while after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from accounts.email.models import UNDO_LIFETIME, EmailChange
from accounts.sessions.models import Ending
from accounts.user.actions import renew_auth
from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import addresses, clock
from messaging.actions import queue
from messaging.recipient import Recipient

if TYPE_CHECKING:
    from accounts.email.models import EmailChangeQuerySet
    from accounts.requests import SignedInRequest
    from accounts.sudo.actions import OwnSudo
    from lib.origin import Origin

State = EmailChange.State


@transaction.atomic
def ask_change(email: str, *, by: OwnSudo, origin: Origin) -> None:
    """Send a link to the new address and, at once, one to stop it to the old; a newer wish replaces an older one.

    An address that has an account already gets a mail that says so, and no link. Whoever asked sees no difference,
    nor waits longer: both cost a row, a record and two messages (ASVS 6.3.8).
    """
    user = _locked(by.user_id)
    _end(EmailChange.objects.filter(user=user), State.PENDING, to=State.REPLACED)
    change = EmailChange.objects.create(
        user=user, old_email=user.email, new_email=email, auth_generation=user.auth_generation
    )
    asked = record(events.EMAIL_CHANGE_ASKED, user=user, origin=origin)
    _tell_new_address(change, user)
    details: dict[str, int | str] = {"change": change.pk, "event": asked.pk}
    queue("email_stop", to=user.recipient, user=user, details=details, expires_in=change.lifetime)


@transaction.atomic
def confirm_change(change: EmailChange, *, by: OwnSudo, request: SignedInRequest) -> bool:
    """Make the new address the person's; this browser stays signed in, every other one is signed out.

    False if the change was stopped, replaced or confirmed meanwhile, or another account has the address now.
    """
    if change.user_id != by.user_id:
        raise PermissionError("somebody else's change")  # a bug in the caller, not an answer to the person
    user = _locked(change.user_id)
    if not EmailChange.objects.open().filter(pk=change.pk).update(state=State.CONFIRMED, ended_at=clock.now()):
        return False
    if not _is_moved(user, change.new_email):
        _end(EmailChange.objects.filter(pk=change.pk), State.CONFIRMED, to=State.STOPPED)
        return False
    renew_auth(user, session=request.session, reason=Ending.EMAIL_CHANGED)
    changed = record(events.EMAIL_CHANGED, user=user, origin=request.origin)  # tells the new address
    old = Recipient(email=change.old_email, language=user.language, name=user.name)
    details: dict[str, int | str] = {"change": change.pk, "event": changed.pk}
    queue("email_changed", to=old, user=user, details=details, expires_in=UNDO_LIFETIME)
    return True


@transaction.atomic
def cancel_change(*, by: OwnSudo, origin: Origin) -> None:
    """Stop what is pending, from the account itself."""
    user = _locked(by.user_id)
    if _end(EmailChange.objects.filter(user=user), State.PENDING, to=State.STOPPED):
        record(events.EMAIL_CHANGE_STOPPED, user=user, origin=origin)


@transaction.atomic
def stop_change(change: EmailChange, *, origin: Origin) -> bool:
    """What the link in the mail to the old address does: the address is the old one, and everybody is signed out.

    Whoever asked for the change was signed in and had confirmed: so their session ends too, though nothing was
    confirmed yet. False if the link is over, or another account has the old address now.
    """
    user = _locked(change.user_id)
    if _end(EmailChange.objects.pending().filter(pk=change.pk), State.PENDING, to=State.STOPPED):
        renew_auth(user, session=None, reason=Ending.EMAIL_CHANGED)
        record(events.EMAIL_CHANGE_STOPPED, user=user, origin=origin)
        return True
    return EmailChange.objects.undoable().filter(pk=change.pk).exists() and _undo(change, user, origin)


def _tell_new_address(change: EmailChange, user: User) -> None:
    """The link, or, where the address has an account, a mail to its owner that says so."""
    owner = User.objects.filter(email_compared=addresses.compared(change.new_email)).first()
    if owner is None:
        # No name: it would let anyone write a line to strangers in our name.
        to = Recipient(email=change.new_email, language=user.language, name="")
        queue("email_verify", to=to, user=user, details={"change": change.pk}, expires_in=change.lifetime)
    else:
        queue("email_known", to=owner.recipient, user=owner, expires_in=change.lifetime)


def _undo(change: EmailChange, user: User, origin: Origin) -> bool:
    """Give the account back to the old address, and end what was changed after: a thief's links go with it."""
    taken_from = user.recipient
    if not _is_moved(user, change.old_email):
        return False
    since = EmailChange.objects.filter(user=user, pk__gte=change.pk)
    _end(since, State.PENDING, State.CONFIRMED, to=State.UNDONE)
    renew_auth(user, session=None, reason=Ending.EMAIL_CHANGED)
    record(events.EMAIL_RESTORED, user=user, origin=origin)  # tells the old address
    queue("email_restored", to=taken_from, user=user)
    return True


def _is_moved(user: User, email: str) -> bool:
    """Give the person the address; False when another account was quicker, even by a moment."""
    try:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(email=email, email_compared=addresses.compared(email))
    except IntegrityError:
        return False
    user.email, user.email_compared = email, addresses.compared(email)
    return True


def _end(changes: EmailChangeQuerySet, *states: str, to: str) -> int:
    return changes.filter(state__in=states).update(state=to, ended_at=clock.now())


def _locked(user_id: int) -> User:
    """The person, locked, so that everything about one person's address happens one after the other."""
    return User.objects.select_for_update(no_key=True).get(pk=user_id)

"""Locking the account of a person who says that it was not them, and securing it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.email.actions import stop_change
from accounts.lock.actions import lock_account
from accounts.lock.way_back import is_just_back
from accounts.password.actions import ask_reset
from accounts.sessions.models import Ending
from accounts.settings.actions import restore_account
from accounts.settings.models import Deletion
from accounts.user.actions import renew_auth
from accounts.user.models import LockReason, User
from audit import events
from audit.actions import record
from lib import clock
from twofactor.devices.actions import put_back
from twofactor.devices.models import MethodChange
from twofactor.devices.rollback import Disowned
from twofactor.not_me.facts import change_taken_back
from twofactor.not_me.models import NotMe

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from accounts.sudo.actions import OwnSudo
    from lib.origin import Origin


@transaction.atomic
def lock_by_link(link: NotMe, *, origin: Origin) -> bool:
    """Spend the link and lock the account; False if the link was spent or ran out, or its address went, meanwhile.

    What took the account from its owner is undone before: the mail with the way out must not go to a thief's address,
    nor to nobody. A change of second factors that the mail tells of is taken back, so that its owner has what it takes
    to come back in. An account that is locked already stays so.
    """
    user = _locked(link.user_id)
    # used_at is asked of the row itself: what is joined to it, PostgreSQL does not read again after it has waited.
    unused = NotMe.objects.filter(pk__in=NotMe.objects.open().filter(pk=link.pk), used_at=None)
    if not link.was_sent_to(user) or not unused.update(used_at=clock.now()):
        return False
    for deletion in Deletion.objects.restorable().filter(user=user):
        restore_account(deletion, origin=origin)
    change = change_taken_back(link)
    is_stopped = change is not None and stop_change(change, origin=origin)
    if link.change is not None:
        put_back(by=Disowned(user.pk, link.change.pk), origin=origin)
    user = _locked(link.user_id)
    if not lock_account(user, why=LockReason.NOT_ME, origin=origin) and is_stopped:
        ask_reset(user.email, origin=origin)  # the one that was mailed before went to the address that is gone
    return True


@transaction.atomic
def lock_own(*, by: OwnSudo, event_id: int, origin: Origin) -> None:
    """The same for somebody who is signed in, and an event of theirs: in this browser too the session ends."""
    for change in MethodChange.objects.filter(user=by.user_id, event=event_id):
        put_back(by=Disowned(by.user_id, change.pk), origin=origin)
    lock_account(_locked(by.user_id), why=LockReason.NOT_ME, origin=origin)


@transaction.atomic
def sign_out_others(*, by: OwnSudo, request: SignedInRequest) -> None:
    """Every other browser, those that may skip the second step too, and every sign-in and link that is pending."""
    user = _locked(by.user_id)
    renew_auth(user, session=request.session, reason=Ending.SIGNED_OUT)
    event = events.OTHERS_SIGNED_OUT
    record(event.untold() if is_just_back(user, request.origin) else event, user=user, origin=request.origin)


def _locked(user_id: int) -> User:
    """As the row is now; it stays so until the transaction ends."""
    return User.objects.select_for_update(no_key=True).get(pk=user_id)

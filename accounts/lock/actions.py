"""Locking an account: from now on nobody gets in, whatever they know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.password.actions import ask_reset
from accounts.sessions.actions import forget_places
from accounts.sessions.models import Ending
from accounts.user.actions import renew_auth
from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import clock
from messaging.actions import queue

if TYPE_CHECKING:
    from accounts.user.models import LockReason
    from lib.origin import Origin


@transaction.atomic
def lock_account(user: User, *, why: LockReason, origin: Origin) -> bool:
    """Refuse everybody, end every session and pending sign-in, forget new places, and mail the way out at once.

    Call it with the person's row locked. False, and nothing is done, if it is locked already. Half-way out counts as
    open: whoever got so far may be a thief who reads the mailbox.
    """
    if user.is_barred:
        return False
    User.objects.filter(pk=user.pk).update(locked_at=clock.now(), locked_for=why, mailbox_shown_at=None)
    user.refresh_from_db(fields=["locked_at", "locked_for", "mailbox_shown_at"])
    renew_auth(user, session=None, reason=Ending.LOCKED)
    forget_places(user)
    ask_reset(user.email, origin=origin)
    locked = record(events.ACCOUNT_LOCKED, user=user, origin=origin)
    for former in user.recipients[1:]:  # who cannot set a password, but must hear of it
        queue("security_event", to=former, user=user, details={"event": locked.pk})
    return True

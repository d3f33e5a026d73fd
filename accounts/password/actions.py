"""Changing and resetting a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.lock.gate import note_mailbox
from accounts.password.models import PasswordReset
from accounts.sessions.actions import forget_browsers
from accounts.sessions.models import Ending
from accounts.user.actions import renew_auth
from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import clock
from messaging.actions import queue

if TYPE_CHECKING:
    from accounts.sessions.store import SessionStore
    from audit.events import Event
    from lib.origin import Origin


@transaction.atomic
def change_password(user: User, password: str, *, session: SessionStore, origin: Origin) -> None:
    """Set a new password; this browser stays signed in, every other one is signed out."""
    _set_password(user, password, session=session, origin=origin, event=events.PASSWORD_CHANGED)


@transaction.atomic
def ask_reset(login: str, *, origin: Origin) -> None:
    """Send a link to the person with that e-mail address or login ID, if there is one; the caller cannot tell."""
    user = User.objects.by_login(login)
    if user is None or not user.is_active:
        return
    reset = PasswordReset.objects.create(user=user, auth_generation=user.auth_generation)
    record(events.PASSWORD_RESET_ASKED, user=user, origin=origin)
    details = {"reset": reset.pk}
    queue("password_reset", to=user.recipient, user=user, details=details, expires_in=reset.lifetime)


@transaction.atomic
def reset_password(reset: PasswordReset, password: str, *, origin: Origin) -> bool:
    """Spend the link and set the password; False if the link was spent or died meanwhile.

    It proves the mailbox, one factor. Nobody is signed in by it, and the second step is asked as ever (ASVS 6.4.3).
    The way out of a locked account leads through here.
    """
    # Locked first: of two links, or a link and a change of the password, at the same instant one counts.
    owner = User.objects.select_for_update(no_key=True).get(pk=reset.user_id)
    if not PasswordReset.objects.open().filter(pk=reset.pk).update(used_at=clock.now()):
        return False
    # Of a locked account it is half of the way back, which is told as a whole.
    event = events.PASSWORD_RESET.untold() if owner.is_locked else events.PASSWORD_RESET
    user = _set_password(owner, password, session=None, origin=origin, event=event)
    forget_browsers(user.pk)
    note_mailbox(user, origin)
    return True


@transaction.atomic
def require_new_password(user: User, *, reason: Ending, origin: Origin) -> None:
    """Let nobody in by the present password, end every session, and mail the link to choose another.

    Call it with the user's row locked.
    """
    user.set_unusable_password()
    user.save(update_fields=["password"])
    renew_auth(user, session=None, reason=reason)
    ask_reset(user.email, origin=origin)


def _set_password(user: User, password: str, *, session: SessionStore | None, origin: Origin, event: Event) -> User:
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    user.set_password(password)
    user.password_is_leaked = False  # the form has asked the list
    user.save(update_fields=["password", "password_is_leaked"])
    renew_auth(user, session=session, reason=Ending.PASSWORD_CHANGED)
    record(event, user=user, origin=origin)
    return user

"""Changing settings, handing out what we know, deleting an account and bringing it back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.contrib import auth
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import transaction

from accounts.sessions.models import Ending
from accounts.settings import consequences, export
from accounts.settings.models import GRACE, Deletion
from accounts.signup.models import Invitation, SignUp
from accounts.user.actions import renew_auth
from accounts.user.models import User
from audit import events
from audit.actions import close_record, record
from lib import addresses, clock
from messaging.actions import forget, queue

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from accounts.sudo.actions import OwnSudo
    from lib.origin import Origin

log = logging.getLogger("sallyport.deletion")


class HasObstacles(Exception):
    """The account cannot be deleted as things are; consequences.of_deleting() says why."""


@transaction.atomic
def change_settings(user: User, *, language: str, time_zone: str, alerts: bool, origin: Origin) -> None:
    """Save them. Whoever switches the alerts is told by mail: a thief would do it first."""
    user = _locked(user.pk)
    had_alerts = user.alerts_new_places
    user.language, user.time_zone, user.alerts_new_places = language, time_zone, alerts
    user.save(update_fields=["language", "time_zone", "alerts_new_places"])
    if alerts != had_alerts:
        record(events.ALERTS_ON if alerts else events.ALERTS_OFF, user=user, origin=origin)


@transaction.atomic
def export_account(*, by: OwnSudo, origin: Origin) -> dict[str, object]:
    """Everything stored about the person, without secrets. Recorded first, so that the record is in it."""
    user = User.objects.get(pk=by.user_id)
    record(events.EXPORTED, user=user, origin=origin)
    return export.of_person(user)


@transaction.atomic
def delete_account(request: SignedInRequest, *, by: OwnSudo) -> None:
    """Close the account now; its rows go after 14 days unless the link in the mail brings it back.

    A sign-in at the same moment ends nowhere: the account is closed and its generation raised in one step, so the
    session that it writes is nobody's. Raises HasObstacles, and SessionInterrupted if the owner has ended this very
    session since the page was checked, by a new password for example.
    """
    user = _locked(by.user_id)
    if user.is_active:  # else another window was quicker
        if user.get_session_auth_hash() != request.user.get_session_auth_hash():
            raise SessionInterrupted
        if consequences.of_deleting(user, locked=True).obstacles:
            raise HasObstacles
        _close(user, request.origin)
    auth.logout(request)


def _close(user: User, origin: Origin) -> None:
    deletion = Deletion.objects.create(user=user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    renew_auth(user, session=None, reason=Ending.DELETED)
    asked = record(events.DELETION_ASKED, user=user, origin=origin)
    details: dict[str, int | str] = {"deletion": deletion.pk, "event": asked.pk}
    queue("account_deleted", to=user.recipient, user=user, details=details, expires_in=GRACE)


@transaction.atomic
def restore_account(deletion: Deletion, *, origin: Origin) -> bool:
    """Open the account again. Nobody is signed in by it; False if it was restored, or is over, already."""
    user = _locked(deletion.user_id)
    if not Deletion.objects.restorable().filter(pk=deletion.pk).update(restored_at=clock.now()):
        return False
    User.objects.filter(pk=user.pk).update(is_active=True)
    record(events.ACCOUNT_RESTORED, user=user, origin=origin)
    return True


def purge_deleted() -> int:
    """Delete for good the accounts whose time is over; returns how many rows."""
    return sum(_delete_for_good(deletion) for deletion in Deletion.objects.due())


@transaction.atomic
def _delete_for_good(deletion: Deletion) -> int:
    """Everything that refers to the person, and what holds the address without referring to anybody."""
    user = User.objects.select_for_update().filter(pk=deletion.user_id).first()
    if user is None or not Deletion.objects.due().filter(pk=deletion.pk).exists():
        return 0  # restored, or deleted by another worker, since it was read
    deleted = forget(user.email)
    for link in (SignUp, Invitation):
        older = link.objects.filter(created_at__lt=deletion.asked_at)
        deleted += older.filter(pk__in=addresses.rows_of(older, "email", user.email)).delete()[0]
    user_id = user.pk
    close_record(user)
    deleted += user.delete()[0]
    log.info("account deleted for good", extra={"user_id": user_id, "rows": deleted})
    return deleted


def _locked(user_id: int) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user_id)

"""Showing, saving and renewing backup codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import clock
from twofactor.methods.backup_codes.models import SHOWN_FOR, BackupCodes

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from accounts.sudo.actions import OwnSudo


def show_once(present: BackupCodes) -> list[str]:
    """The codes, the first time the web page asks for them; else none. Of two requests at once one gets them."""
    plain = present.plain
    unseen = BackupCodes.objects.filter(pk=present.pk, shown_on_web_at=None)
    return plain if plain and unseen.update(shown_on_web_at=clock.now()) else []


def shown_again(present: BackupCodes) -> list[str]:
    """The codes once more, in answer to a form of the page that showed them: until they are saved, or ten minutes."""
    return present.plain if present.shown_on_web_at is not None and present.saved_at is None else []


@transaction.atomic
def note_saved(present: BackupCodes, *, request: SignedInRequest) -> None:
    """The person has them: the web does not need them any longer. The app may still show them for a while."""
    BackupCodes.objects.filter(pk=present.pk, saved_at=None).update(saved_at=clock.now())
    record(events.CODES_SAVED, user=request.user, origin=request.origin)


@transaction.atomic
def renew(*, by: OwnSudo, request: SignedInRequest) -> None:
    """Ten new codes; the old ones stop working at this moment, also for a sign-in that is checking one now."""
    user = User.objects.select_for_update(no_key=True).get(pk=by.user_id)
    BackupCodes.make_for(user)
    record(events.CODES_RENEWED, user=user, origin=request.origin)


def wipe_shown() -> int:
    """Wipe codes that may no longer be shown; returns how many sets."""
    due = clock.now() - SHOWN_FOR
    return BackupCodes.objects.filter(created_at__lt=due).exclude(sealed_codes="").update(sealed_codes="")

"""Showing and saving backup codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from audit import events
from audit.actions import record
from lib import clock
from twofactor.methods.backup_codes.models import SHOWN_FOR, BackupCodes

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest


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


def wipe_shown() -> int:
    """Wipe codes that may no longer be shown; returns how many sets."""
    due = clock.now() - SHOWN_FOR
    return BackupCodes.everything.filter(created_at__lt=due).exclude(sealed_codes="").update(sealed_codes="")

"""What must happen whenever the ways to prove who one is have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F

from accounts.sessions.actions import end_others
from accounts.user.models import User

if TYPE_CHECKING:
    from accounts.sessions.models import Ending
    from accounts.sessions.store import SessionStore


def renew_auth(user: User, *, session: SessionStore | None, reason: Ending) -> None:
    """Let nothing that was proved before count any more, but the session at hand (ASVS 7.4.3).

    Pending sign-ins die because they hold the old generation; other sessions end now. Call it inside the
    transaction of the change, with the user's row locked.
    """
    User.objects.filter(pk=user.pk).update(auth_generation=F("auth_generation") + 1)
    user.refresh_from_db(fields=["auth_generation", "password"])
    end_others(user, keep=session, reason=reason)
    if session is not None:
        session.keep(user)

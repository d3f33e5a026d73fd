"""Check what must always be true of the data, whatever happened to the processes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import F

from accounts.sessions.known import SIGN_INS
from accounts.sessions.models import Session
from accounts.sessions.proof import PASSWORD, REMEMBERED_BROWSER
from accounts.user.models import User
from audit.models import SecurityEvent
from lib import clock, rotation
from organizations.members.models import Membership
from twofactor.devices.owned import kinds, protection_of
from twofactor.trusted_browsers.models import TrustedBrowser

if TYPE_CHECKING:
    from collections.abc import Iterator


RECORDED_WITHIN = timedelta(minutes=1)  # of the session's beginning: both are written by one transaction


class Command(BaseCommand):
    """manage.py portal_invariants: says what is wrong and ends with 1, or says that all is well."""

    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        problems = [*protection(), *memberships(), *sessions(), *secrets()]
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} broken")
        self.stdout.write("All invariants hold.")


def protection() -> Iterator[str]:
    """What lists and rules read of a person's protection is what the devices say."""
    for user in User.objects.iterator():
        if user.protection != protection_of(user):
            yield f"{user}: protection is {user.protection}, the devices say {protection_of(user)}"


def memberships() -> Iterator[str]:
    for membership in Membership.objects.exclude(protection=F("user__protection")).iterator():
        yield f"membership {membership}: protection differs from the person's"


def sessions() -> Iterator[str]:
    """Nobody who has a second factor is signed in without one, or without a browser that stood for it just then."""
    protected = Session.objects.live(clock.now()).filter(user__protection__gt=0).select_related("user")
    for session in protected.iterator():
        if not has_second_step(session):
            yield f"{session} of user {session.user_id} lacks the second factor"


def has_second_step(session: Session) -> bool:
    """By the record of the sign-in and the rows of the time; a session from before the first factor needs none."""
    if session.proved_by == PASSWORD:
        return not any(
            kind.objects.filter(user=session.user, confirmed=True, created_at__lt=session.first_seen_at).exists()
            for kind in kinds()
        )
    if session.proved_by == REMEMBERED_BROWSER:
        return TrustedBrowser.objects.stood_for(session).exists()
    return is_recorded(session)


def is_recorded(session: Session) -> bool:
    """Whether the person's own record tells of a sign-in by this proof at that moment."""
    around = (session.first_seen_at - RECORDED_WITHIN, session.first_seen_at + RECORDED_WITHIN)
    told = SecurityEvent.objects.filter(user=session.user, slug__in=SIGN_INS, created_at__range=around)
    return told.filter(details__method=session.proved_by).exists()


def secrets() -> Iterator[str]:
    """Every secret still opens, of whatever kind."""
    for column in rotation.columns():
        for row in column.rows().iterator():
            if not column.opens(row):
                yield f"{column} of row {row.pk} does not open"

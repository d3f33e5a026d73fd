"""Check what must always be true of the data, whatever happened to the processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import F

from accounts.sessions.models import Session
from accounts.user.models import User
from lib import clock, rotation
from organizations.members.models import Membership
from twofactor.devices.actions import protection_of

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    """Nobody who has a second factor is signed in by the password alone."""
    by_password = Session.objects.live(clock.now()).filter(proved_by="password", user__protection__gt=0)
    for session in by_password.filter(first_seen_at__gt=F("user__totpdevice__created_at")).iterator():
        yield f"{session} of user {session.user_id} lacks the second factor"


def secrets() -> Iterator[str]:
    """Every secret still opens, of whatever kind."""
    for column in rotation.columns():
        for row in column.rows().iterator():
            if not column.opens(row):
                yield f"{column} of row {row.pk} does not open"

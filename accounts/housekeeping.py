"""What accounts leave behind, and for how long it is kept."""

from datetime import timedelta

from accounts.email.models import EmailChange
from accounts.login.models import LoginAttempt
from accounts.password.models import PasswordReset
from accounts.sessions.actions import purge_sessions
from accounts.settings.actions import purge_deleted
from accounts.settings.models import Deletion
from accounts.signup.models import Invitation, SignUp
from audit.actions import purge_nobodys
from lib import clock, limits

LINKS_KEPT = timedelta(days=30)  # finished sign-ins, used or dead links
TRACES_KEPT = timedelta(days=90)  # idle counters, wrong passwords for nobody


def purge() -> int:
    """Delete what is over; returns how many rows. It asks the data what is due, so a missed day does not matter."""
    now = clock.now()
    deleted = LoginAttempt.objects.filter(started_at__lt=now - LINKS_KEPT).delete()[0]
    deleted += Deletion.objects.filter(restored_at__lt=now - LINKS_KEPT).delete()[0]
    for link in (PasswordReset, SignUp, Invitation, EmailChange):
        deleted += link.objects.filter(created_at__lt=now - LINKS_KEPT).delete()[0]
    deleted += limits.purge(now - TRACES_KEPT) + purge_nobodys(now - TRACES_KEPT)
    return deleted + purge_sessions() + purge_deleted()

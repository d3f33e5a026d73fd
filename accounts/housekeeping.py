"""What accounts leave behind, and for how long it is kept."""

from datetime import timedelta

from accounts.login.models import LoginAttempt
from accounts.password.models import PasswordReset
from accounts.sessions.actions import purge_sessions
from accounts.signup.models import Invitation, SignUp
from lib import clock

KEPT = timedelta(days=30)  # finished sign-ins, used or dead links


def purge() -> int:
    """Delete what is over; returns how many rows. It asks the data what is due, so a missed day does not matter."""
    due = clock.now() - KEPT
    deleted = LoginAttempt.objects.filter(started_at__lt=due).delete()[0]
    for link in (PasswordReset, SignUp, Invitation):
        deleted += link.objects.filter(created_at__lt=due).delete()[0]
    return deleted + purge_sessions()

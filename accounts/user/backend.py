"""For django.contrib.auth. Whether a password is right, accounts.password.check alone says."""

from __future__ import annotations

from django.contrib.auth.backends import BaseBackend

from accounts.user.models import User


class SessionUserBackend(BaseBackend):
    """It authenticates nobody, so that no call of authenticate() gets past our limits."""

    def get_user(self, user_id: int) -> User | None:
        """For request.auser() alone; request.user comes with the session (accounts.sessions.middleware)."""
        return User.objects.filter(pk=user_id, is_active=True).first()

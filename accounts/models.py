"""Gathers the models of the features."""

from accounts.email.models import EmailChange
from accounts.login.models import LoginAttempt
from accounts.password.models import PasswordReset
from accounts.sessions.models import Session
from accounts.settings.models import Deletion
from accounts.signup.models import Invitation, SignUp
from accounts.user.models import User

__all__ = ["Deletion", "EmailChange", "Invitation", "LoginAttempt", "PasswordReset", "Session", "SignUp", "User"]

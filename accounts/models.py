"""Gathers the models of the features."""

from accounts.login.models import LoginAttempt
from accounts.password.models import PasswordReset
from accounts.sessions.models import Session
from accounts.signup.models import Invitation, SignUp
from accounts.user.models import User

__all__ = ["Invitation", "LoginAttempt", "PasswordReset", "Session", "SignUp", "User"]

"""The password step."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.login.next_url import NextField
from accounts.password.fields import PasswordField


class SignInForm(forms.Form):
    """An e-mail address or login ID, and a password."""

    login = forms.CharField(
        label=_("Email or username"),
        max_length=254,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username webauthn",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": _("Enter your email or username")},
    )
    password = PasswordField(
        label=_("Password"),
        autocomplete="current-password",
        error_messages={"required": _("Enter your password")},
    )
    next = NextField(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        first_empty = "password" if self.initial.get("login") else "login"
        self.fields[first_empty].widget.attrs["autofocus"] = True

    def refuse(self) -> None:
        """One answer for a wrong password and for nobody (ASVS 6.3.8)."""
        self.add_error(None, _("Email or password is not right. Check both and try again."))

    def refuse_changed(self) -> None:
        """After a right password that was changed, or joined by a second step, while it was being checked."""
        self.add_error(None, _("Your password or your second step was changed just now. Sign in again."))

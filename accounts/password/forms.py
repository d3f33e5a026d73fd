"""Forms for passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.password.fields import LONGEST, PasswordField
from accounts.user.typed_password import composed

if TYPE_CHECKING:
    from accounts.user.models import User

HINT = _("At least 12 characters. A few random words work well.")


class NewPasswordField(PasswordField):
    """A password to be: password managers offer one, the rules are told at once."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("New password"))
        messages = {"required": _("Choose a password")}
        super().__init__(autocomplete="new-password", help_text=HINT, error_messages=messages, **options)

    def to_python(self, value: Any) -> str:
        """As it will be hashed: its length and its place on lists are judged of that."""
        password = super().to_python(value) or ""
        # Composing takes a time that grows faster than the text; a longer one is refused.
        return composed(password) if len(password) <= LONGEST else password


class CurrentPasswordField(PasswordField):
    """The password of now, asked before something that it must prove."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Your password"))
        messages = {"required": _("Enter your password")}
        super().__init__(autocomplete="current-password", error_messages=messages, **options)


class NewPasswordForm(forms.Form):
    """A new password for a person, judged by the rules."""

    password = NewPasswordField()

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        password_validation.validate_password(password, self.user)
        # Whoever made somebody lock the account may know the present one.
        if self.user.is_locked and self.user.check_password(password):
            raise ValidationError(_("That is your old password. Choose another one."), code="same")
        return password


class ChangePasswordForm(NewPasswordForm):
    """The present password and the new one."""

    current_password = CurrentPasswordField(label=_("Current password"))
    field_order = ("current_password", "password")

    def refuse(self) -> None:
        self.add_error("current_password", ValidationError(_("That is not your current password."), code="wrong"))


class ForgotPasswordForm(forms.Form):
    """Whose password it is."""

    login = forms.CharField(
        label=_("Email or username"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": _("Enter your email or username")},
    )

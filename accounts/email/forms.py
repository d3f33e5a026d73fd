"""Another e-mail address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.user.fields import EmailAddressField
from lib import addresses

if TYPE_CHECKING:
    from accounts.user.models import User


class ChangeEmailForm(forms.Form):
    """The new address. Whether it has an account already is not said here."""

    email = EmailAddressField(
        label=_("New email"),
        help_text=_("We send a link to it. Your email changes when you confirm it there."),
        error_messages={
            "required": _("Enter your new email"),
            "invalid": _("Enter an email address such as name@example.org"),
        },
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if addresses.compared(email) == self.user.email_compared:
            raise ValidationError(_("That is your email already. Enter another one."), code="same")
        return email

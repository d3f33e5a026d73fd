"""Signing up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.password.forms import CurrentPasswordField, NewPasswordField
from accounts.user.fields import CountryField, EmailAddressField, PersonNameField
from accounts.user.models import User
from lib import addresses

if TYPE_CHECKING:
    from accounts.signup.models import Invitation


class SignUpForm(forms.Form):
    """Everything an account needs. Whether the address has one already is not said here."""

    email = EmailAddressField()
    name = PersonNameField()
    password = NewPasswordField(label=_("Password"))
    country = CountryField()

    def __init__(self, *args: Any, invitation: Invitation | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.invitation = invitation
        if invitation is not None:
            self.fields["email"].initial = invitation.email
            self.fields["email"].widget.attrs["readonly"] = True

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        invited = self.invitation.email if self.invitation is not None else email
        if addresses.compared(email) != addresses.compared(invited):
            raise ValidationError(_("Use the address that was invited."), code="other_address")
        return email

    def clean(self) -> dict[str, Any]:
        """Judge the password beside the name and address it must not repeat."""
        typed = self.cleaned_data
        person = User(email=typed.get("email", ""), name=typed.get("name", ""))
        if "password" in typed:
            try:
                password_validation.validate_password(typed["password"], person)
            except ValidationError as refusal:
                self.add_error("password", refusal)
        return typed


class VerifyForm(forms.Form):
    """Nothing to fill in but, in another browser than the one that signed up, the password chosen there."""

    password = CurrentPasswordField(label=_("The password you chose"))

    def __init__(self, *args: Any, asks_password: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not asks_password:
            del self.fields["password"]

    def refuse(self) -> None:
        self.add_error("password", _("That is not the password of this sign-up."))

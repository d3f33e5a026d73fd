"""The fields about a person that several forms share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.user import countries
from lib import addresses
from lib.forms import LongChoices, LongSelect, one_line


class EmailAddressField(forms.EmailField):
    """An e-mail address, as accounts keep it."""

    def __init__(self, **options: Any) -> None:
        messages = {
            "required": _("Enter your email"),
            "invalid": _("Enter an email address such as name@example.org"),
        }
        attrs = {"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}
        options = {"label": _("Email"), "error_messages": messages, **options}
        super().__init__(max_length=addresses.LONGEST, widget=forms.EmailInput(attrs=attrs), **options)

    def to_python(self, value: Any) -> str:
        """Tidied before it is judged: a domain in full-width or decomposed letters is a domain."""
        typed = super().to_python(value) or ""
        return addresses.tidied(typed) if len(typed) <= addresses.LONGEST else typed

    def clean(self, value: Any) -> str:
        email: str = super().clean(value)
        try:
            addresses.deliverable(email)
        except addresses.NoAddress:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
        return email


class PersonNameField(forms.CharField):
    """What a person is called."""

    def __init__(self, **options: Any) -> None:
        messages = {"required": _("Enter your name")}
        widget = forms.TextInput(attrs={"autocomplete": "name"})
        options = {"label": _("Name"), "error_messages": messages, **options}
        super().__init__(max_length=150, validators=[one_line], widget=widget, **options)


class CountryField(forms.ChoiceField):
    """Where a person lives."""

    def __init__(self, **options: Any) -> None:
        messages = {"required": _("Choose a country"), "invalid_choice": _("Choose a country from the list")}
        widget = LongSelect(attrs={"autocomplete": "country"})
        options = {"label": _("Country you live in"), "error_messages": messages, **options}
        super().__init__(choices=LongChoices(_countries), widget=widget, **options)


def _countries() -> tuple[tuple[str, Any], ...]:
    return ("", _("Choose a country")), *countries.choices()

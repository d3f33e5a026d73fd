"""Who a person is."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.user.fields import CountryField, PersonNameField


class ProfileForm(forms.Form):
    """Name and country of domicile."""

    name = PersonNameField(help_text=_("As on your ID card or passport, if you ever need us to check who you are."))
    country = CountryField(
        help_text=_("Codes by text message depend on it: they are offered in some countries only."),
    )

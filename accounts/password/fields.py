"""The password field that every form shares."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

LONGEST = 1024  # code points; longer is refused before any hashing (ASVS 6.2.9)


class PasswordField(forms.CharField):
    """A password as typed: nothing stripped, nothing cut."""

    def __init__(self, *, autocomplete: str, **options: Any) -> None:
        attrs = {"autocomplete": autocomplete, "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(strip=False, widget=forms.PasswordInput(attrs=attrs), **options)
        # A validator, not max_length: that would also be an attribute by which browsers cut a longer one silently.
        too_long = _("The password can have up to %(limit_value)d characters.")
        self.validators.append(MaxLengthValidator(LONGEST, message=too_long))

"""The password field that every form shares."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST = 1024  # code points; longer is refused before any hashing (ASVS 6.2.9)


class PasswordField(forms.CharField):
    """A password exactly as typed: nothing stripped, nothing cut."""

    def __init__(self, *, autocomplete: str, **options: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, "autocapitalize": "none", "spellcheck": "false"})
        super().__init__(max_length=LONGEST, strip=False, widget=widget, **options)
        self.widget.attrs.pop("maxlength", None)  # a browser would cut a longer one without a word
        self.error_messages["max_length"] = _("The password can have up to %(limit_value)d characters.")
        self.validators[0].message = self.error_messages["max_length"]

"""Setting a code app up."""

from django import forms
from django.utils.translation import gettext_lazy as _

from twofactor.challenge.forms import CodeField
from twofactor.devices.forms import LostField, NameField


class AddForm(forms.Form):
    """A first code, which proves that the app has the secret, and a name."""

    code = CodeField(help_text=_("The code your app shows for this account now."), autofocus=False)
    name = NameField(initial=_("My code app"), required=False)

    def refuse(self, hint: str = "") -> None:
        wrong = _("That code is not right. Check your app shows this account and try the newest code.")
        self.add_error("code", hint or wrong)

    def clean_name(self) -> str:
        return self.cleaned_data["name"] or str(self.fields["name"].initial)


class ReplaceForm(AddForm):
    """The same of the new one, and where the old one is."""

    is_lost = LostField(label=_("I don't have the old one any more: lost, sold or given away"))

"""Typing a backup code, and saying that the codes are safe."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from lib import codes
from twofactor.challenge.forms import ChallengeForm
from twofactor.devices.forms import LostField
from twofactor.methods.backup_codes.models import LENGTH
from twofactor.second_factor import Refusal

REFUSALS = {
    Refusal.WRONG: _("That is not one of your present codes. Check each character."),
    Refusal.ALREADY_USED: _("That code was already used. Try the next one on your list."),
    Refusal.UNCHECKABLE: _("We can't check this code at the moment. Choose another way or get help."),
}


class BackupCodeForm(ChallengeForm):
    """One code, in any case, with or without its hyphen; letters that look like digits are read as those."""

    code = forms.CharField(
        label=_("Backup code"),
        max_length=64,
        help_text=_("Each code works once. It looks like 7K4MW-2QXP3."),
        error_messages={"required": _("Enter a backup code")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "autofocus": True}
        ),
    )

    def clean_code(self) -> str:
        code = codes.as_readable(self.cleaned_data["code"])
        if not codes.is_readable(code, LENGTH):
            raise ValidationError(_("A backup code has 10 letters and digits"), code="length")
        return code

    @property
    def answer(self) -> str:
        code: str = self.cleaned_data["code"]
        return code

    def refuse(self, refusal: Refusal) -> None:
        self.add_error("code", REFUSALS[refusal])


class RenewForm(forms.Form):
    """Where the old codes are."""

    is_lost = LostField(
        label=_("I lost the old codes, or somebody else may have seen them"),
        help_text=_("Then no link in our mails makes them work again within 24 hours."),
    )


class SavedForm(forms.Form):
    """The tick before "Finish"."""

    saved = forms.BooleanField(
        label=_("I've saved these codes somewhere safe"),
        error_messages={"required": _("Tick the box when you've saved your codes")},
    )

"""Forms about devices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.password.forms import CurrentPasswordField
from lib.forms import one_line

LONGEST_NAME = 64


class NameField(forms.CharField):
    """What a person calls a device."""

    def __init__(self, **options: Any) -> None:
        options = {
            "label": _("Name"),
            "max_length": LONGEST_NAME,
            "validators": [one_line],
            "help_text": _("So you can tell your devices apart."),
            "error_messages": {"required": _("Enter a name")},
            "widget": forms.TextInput(attrs={"autocomplete": "off"}),
            **options,
        }
        super().__init__(**options)


class RenameForm(forms.Form):
    """Another name."""

    name = NameField()


class LostField(forms.BooleanField):
    """Whether a device may be in other hands: then it comes back late, if somebody takes its removal back."""

    def __init__(self, **options: Any) -> None:
        options = {
            "required": False,
            "label": _("I don't have it any more: lost, sold or given away"),
            "help_text": _("Then no link in our mails makes it work again within 24 hours."),
            **options,
        }
        super().__init__(**options)


class RemoveForm(forms.Form):
    """Where the device is."""

    is_lost = LostField()

    def __init__(self, *args: Any, is_lost: bool, **options: Any) -> None:
        """With is_lost, the person has said so already and is not asked."""
        super().__init__(*args, **options)
        self._is_lost = is_lost
        if is_lost:
            del self.fields["is_lost"]

    @property
    def is_said_lost(self) -> bool:
        return self._is_lost or bool(self.cleaned_data["is_lost"])


class TurnOffForm(forms.Form):
    """The password: from then on it alone lets anyone in."""

    password = CurrentPasswordField()

    def refuse(self) -> None:
        self.add_error("password", _("That is not your password."))


class ChooseForm(forms.Form):
    """Which kind of method to add."""

    method = forms.ChoiceField(error_messages={"required": _("Choose one"), "invalid_choice": _("Choose one of these")})

    def __init__(self, *args: Any, slugs: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["method"].choices = [(slug, slug) for slug in slugs]  # type: ignore[attr-defined]

"""Settings, and deleting the account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.password.forms import CurrentPasswordField
from accounts.settings import time_zones
from lib import site
from lib.forms import LongChoices, LongSelect


class LanguageSelect(forms.Select):
    """Each language is named in itself, and says so to screen readers."""

    def create_option(self, name: str, value: Any, *args: Any, **options: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **options)
        option["attrs"]["lang"] = str(value)
        return option


class SettingsForm(forms.Form):
    """How the portal speaks to a person."""

    language = forms.ChoiceField(
        label=_("Language"),
        help_text=_("For these pages and the mails we send you."),
        choices=site.available_languages,
        widget=LanguageSelect,
        error_messages={"required": _("Choose a language"), "invalid_choice": _("Choose a language from the list")},
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Open the list and type the first letters of a city."),
        choices=LongChoices(time_zones.choices),
        widget=LongSelect,
        error_messages={"required": _("Choose a time zone"), "invalid_choice": _("Choose a time zone from the list")},
    )
    alerts = forms.BooleanField(
        label=_("Tell me by mail about every sign-in from a new place or browser"),
        help_text=_("We always tell you when something about your security changes. You can't turn that off."),
        required=False,
    )


class DeleteForm(forms.Form):
    """The password: what cannot be taken back asks for more than a click."""

    password = CurrentPasswordField()

    def refuse(self) -> None:
        self.add_error("password", _("That is not your password."))

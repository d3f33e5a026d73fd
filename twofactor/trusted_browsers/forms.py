"""The box below every second step, and the switch that takes it away."""

from django import forms
from django.utils.translation import gettext_lazy as _


class RememberForm(forms.Form):
    """Whether the browser at hand may skip the second step from now on."""

    remember_browser = forms.BooleanField(required=False, label=_("Don't ask again on this device for 30 days"))


class EveryTimeForm(forms.Form):
    """On or off: anything else must not pass for off."""

    wanted = forms.ChoiceField(choices=[("on", "on"), ("off", "off")])

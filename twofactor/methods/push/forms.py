"""Waiting for a phone, and linking one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.widgets import Script
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from lib import codes
from twofactor.challenge.asked import Purpose
from twofactor.challenge.forms import ChallengeForm
from twofactor.methods.push.models import CHECK_DIGITS, Approval
from twofactor.methods.push.standing import WAITING, Standing, standing_of
from twofactor.second_factor import Refusal

if TYPE_CHECKING:
    from twofactor.challenge.asked import Asked

TOO_EARLY = _("Not approved yet. Check your phone, then press again.")
REFUSALS = {
    Refusal.WRONG: _("This was not approved on your phone."),
    Refusal.ALREADY_USED: _("This approval was already used. Ask again."),
    Refusal.UNCHECKABLE: _("We can't check this at the moment. Choose another way or get help."),
}


class PushForm(ChallengeForm):
    """Nothing is typed here: the browser brings itself, and what it is for."""

    is_guessable = False

    class Media:
        js = [Script("js/push.js", type="module")]

    def __init__(self, data: Any = None, *, asked: Asked) -> None:
        super().__init__(data, asked=asked)
        page = "waiting" if self.is_sign_in else "confirming"
        self.part = f"twofactor/methods/push/_{page}.html"

    @cached_property
    def standing(self) -> Standing:
        return standing_of(self.asked)

    @property
    def answer(self) -> Approval:
        return Approval(self.asked)

    def is_too_early(self) -> bool:
        if self.standing.state != WAITING:
            return False
        self.add_error(None, TOO_EARLY)
        return True

    def refuse(self, refusal: Refusal) -> None:
        self.add_error(None, REFUSALS[refusal])

    @property
    def is_sign_in(self) -> bool:
        return self.asked.purpose is Purpose.SIGN_IN

    @property
    def events_url(self) -> str:
        """Where the page hears of the answer."""
        return reverse("twofactor:push_challenge:events" if self.is_sign_in else "twofactor:push:events")

    @property
    def send_url(self) -> str:
        page = "send" if self.is_sign_in else "send_to_confirm"
        return reverse(f"twofactor:challenge:{page}", args=["push"])


class PairForm(forms.Form):
    """The two digits that the phone shows: it is this phone, and not another that has seen the code too."""

    number = forms.CharField(
        label=_("The 2 digits on your phone"),
        max_length=16,
        error_messages={"required": _("Enter the 2 digits your phone shows")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "inputmode": "numeric", "autofocus": True, "class": "short"}
        ),
    )

    def clean_number(self) -> str:
        number = codes.as_digits(self.cleaned_data["number"], CHECK_DIGITS)
        if not number:
            raise forms.ValidationError(_("Enter 2 numbers, such as 47"), code="length")
        return number

    def refuse(self) -> None:
        self.add_error(None, _("Those are not the digits of that phone, so it was not linked. Here is a new code."))

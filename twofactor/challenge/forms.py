"""How answers are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.password.forms import CurrentPasswordField
from lib import codes
from twofactor.second_factor import Refusal

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from twofactor.challenge.asked import Asked

CODE_LENGTH = 6
REFUSALS = {
    Refusal.WRONG: _("That code is not right. Check your app shows this account and try the newest code."),
    Refusal.ALREADY_USED: _("That code was already used. Wait for the next one."),
    Refusal.UNCHECKABLE: _("We can't check this code at the moment. Choose another way or get help."),
}

TOUCHED = _("Your security key typed this when you touched it. It is no code, and nothing was counted.")


class ChallengeForm(forms.Form):
    """A form whose valid content is an answer for a device."""

    is_guessable = True  # by trying; a signature is not
    hint = ""  # what would help, if the refused answer shows it
    words: StrPromise | str = ""  # what to do, where a field's label does not say it
    button: StrPromise | str = ""  # what sending it is called, if not just going on
    part = ""  # a template that stands where the fields and the button would, for answers that are not typed here

    def __init__(self, data: Any = None, *, asked: Asked) -> None:
        super().__init__(data)
        self.asked = asked

    @property
    def answer(self) -> Any:
        """What devices of the method get to check."""
        raise NotImplementedError

    def is_too_early(self) -> bool:
        """Whether the answer is still to be given elsewhere: then nothing is tried or counted, and the form says so."""
        return False

    def use_question_up(self) -> None:
        """Make this the only answer to the question it was given for, where the method asks one of its own.

        Called when the form is valid, before the answer is looked at, and outside the transaction of what it allows:
        a refusal does not bring the question back.
        """

    def refuse(self, refusal: Refusal) -> None:
        """Show why the answer did not count."""
        raise NotImplementedError


class CodeInput(forms.PasswordInput):
    """A code that was refused is gone from the page: the next one is typed into an empty field."""

    input_type = "text"


class CodeField(forms.CharField):
    """Six digits of any script, typed or pasted as apps show them. One input for all (WCAG 3.3.8)."""

    def __init__(self, *, autofocus: bool = True, **options: Any) -> None:
        attrs = {
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "autocapitalize": "none",
            "spellcheck": "false",
            "autofocus": autofocus,  # not where a QR code above must be seen first
            "data-code-length": CODE_LENGTH,
        }
        messages = {"required": _("Enter the 6-digit code")}
        options = {"label": _("6-digit code"), "error_messages": messages, **options}
        super().__init__(max_length=codes.LONGEST, widget=CodeInput(attrs=attrs), **options)
        self.widget.attrs.pop("maxlength", None)  # it would cut a pasted "123 456"

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        code = codes.as_digits(typed, CODE_LENGTH)
        if not code:
            raise ValidationError(_not_a_code(typed), code="length")
        return code


def _not_a_code(typed: str) -> StrPromise:
    """What is wrong with it. Without a digit it is no mistyped code."""
    if codes.is_key_output(typed):
        return TOUCHED
    has_letters = any(character.isalpha() for character in typed)
    return _("A code has 6 digits and no letters") if has_letters else _("The code must be 6 numbers")


class CodeForm(ChallengeForm):
    """The code that an app shows now."""

    code = CodeField(
        help_text=format_lazy(
            _("Open {product} or your code app. Codes change every 30 seconds."), product=settings.PRODUCT_NAME
        )
    )

    @property
    def answer(self) -> str:
        code: str = self.cleaned_data["code"]
        return code

    def refuse(self, refusal: Refusal) -> None:
        self.add_error("code", self.hint or REFUSALS[refusal])


def is_code(typed: str) -> bool:
    return bool(codes.as_digits(typed, CODE_LENGTH))


class ConfirmPasswordForm(ChallengeForm):
    """The password, from people who have no second step yet."""

    password = CurrentPasswordField()

    @property
    def answer(self) -> str:
        password: str = self.cleaned_data["password"]
        return password

    def refuse(self, _refusal: Refusal) -> None:
        self.add_error("password", _("That is not your password."))

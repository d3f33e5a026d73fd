"""How an answer of a key is asked for, and a new key."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.login.next_url import NextField
from twofactor.challenge.asked import Purpose
from twofactor.challenge.forms import ChallengeForm
from twofactor.devices.forms import NameField
from twofactor.methods.webauthn import challenges, credentials
from twofactor.methods.webauthn.answers import Assertion
from twofactor.methods.webauthn.challenges import Question
from twofactor.methods.webauthn.credentials import read_new, read_signed
from twofactor.methods.webauthn.models import counting_keys
from twofactor.methods.webauthn.problems import Problem, Refused
from twofactor.second_factor import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from twofactor.challenge.asked import Asked
    from twofactor.methods.webauthn.credentials import NewCredential

READY = _("Have it ready, then press the button. Your browser will ask for it.")
USE = _("Use passkey or security key")
UNCHECKABLE = _("We can't check this key at the moment. Choose another way or get help.")
PURPOSES = {
    Purpose.SIGN_IN: (challenges.Purpose.SIGN_IN, "twofactor:webauthn_challenge:options"),
    Purpose.CONFIRM: (challenges.Purpose.CONFIRM, "twofactor:webauthn:confirm_options"),
}


class AnswerInput(forms.TextInput):
    """Never filled by us: an answer that was refused must not be sent again."""

    def format_value(self, _value: Any) -> None:
        return None


class CredentialField(forms.CharField):
    """Filled by the script, which asks the key when the form is sent. Shown as a field, since it has words to show."""

    def __init__(self, *, ask: str, read: Callable[[str], Any], **options: Any) -> None:
        self.read = read
        super().__init__(
            label=_("Passkey or security key"),
            max_length=credentials.LONGEST,
            strip=False,
            widget=AnswerInput(attrs={"hidden": True, "autocomplete": "off", "data-ask": ask}),
            **options,
        )
        self.template_name = "twofactor/methods/webauthn/_credential.html"
        self.widget.attrs.pop("maxlength", None)

    def clean(self, value: Any) -> Any:
        try:
            return self.read(super().clean(value))
        except (Refused, ValidationError) as refusal:
            raise ValidationError(Problem.UNREADABLE.label, code=Problem.UNREADABLE.value) from refusal


class KeyForm(ChallengeForm):
    """The answer of one of the person's keys."""

    is_guessable = False
    words = READY
    button = USE

    credential = CredentialField(ask="get", read=read_signed)

    def __init__(self, data: Any = None, *, asked: Asked) -> None:
        super().__init__(data, asked=asked)
        purpose, page = PURPOSES[asked.purpose]
        self.fields["credential"].widget.attrs["data-options"] = reverse(page)
        self.question = Question(purpose=purpose, browser=asked.browser, user=asked.user, origin=asked.origin)

    @cached_property
    def part(self) -> str:  # type: ignore[override]  # looked up only by the pages that show it
        """Why nothing is asked, where the person has no key that still counts."""
        return "" if counting_keys(self.asked.user).exists() else "twofactor/methods/webauthn/_copied.html"

    def clean_credential(self) -> Assertion:
        return Assertion(self.cleaned_data["credential"], self.question)

    @property
    def answer(self) -> Assertion:
        answer: Assertion = self.cleaned_data["credential"]
        return answer

    def use_question_up(self) -> None:
        self.answer.claim()

    def refuse(self, refusal: Refusal) -> None:
        words = UNCHECKABLE if refusal is Refusal.UNCHECKABLE else self.hint or Problem.UNKNOWN.label
        self.add_error("credential", words)


class AddForm(forms.Form):
    """A new key, and what its owner calls it."""

    name = NameField(required=False, help_text=_("So you can tell your keys apart."))
    credential = CredentialField(ask="create", read=read_new)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["credential"].widget.attrs["data-options"] = reverse("twofactor:webauthn:add_options")

    @property
    def new(self) -> NewCredential:
        new: NewCredential = self.cleaned_data["credential"]
        return new

    def refuse(self, problem: Problem) -> None:
        self.add_error("credential", problem.label)


class TryForm(forms.Form):
    """The answer of a key that its owner tries."""

    words = READY
    button = USE

    credential = CredentialField(ask="get", read=read_signed)

    def __init__(self, data: Any = None, *, pk: int) -> None:
        super().__init__(data)
        self.fields["credential"].widget.attrs["data-options"] = reverse("twofactor:webauthn:try_options", args=[pk])

    def refuse(self, problem: Problem) -> None:
        self.add_error("credential", problem.label)


class PasskeyForm(forms.Form):
    """The answer of a passkey that signs in alone."""

    credential = CredentialField(ask="get", read=read_signed)
    next = NextField(required=False)

    def __init__(self, data: Any = None, *, initial: dict[str, str] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["credential"].widget.attrs["data-options"] = reverse("twofactor:passkey:options")

    def refuse(self, problem: Problem) -> None:
        self.add_error("credential", problem.label)

"""How forms are drawn: one template for a field, one summary for all errors."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import DjangoTemplates
from django.template import engines
from django.utils.choices import BaseChoiceIterator
from django.utils.html import conditional_escape, escape
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from django.http import HttpRequest
    from django.utils.safestring import SafeString

LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
DIRECTION_MARKS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> None:
    """A validator. Line breaks would reach mail headers; direction marks make one name look like another."""
    if LINE_BREAKS.search(text):
        raise ValidationError(_("Write it on one line, without tabs."), code="one_line")
    if DIRECTION_MARKS.search(text):
        words = _(
            "There is a mark in it that nobody sees: it turns the direction of text. Type it instead of pasting it."
        )
        raise ValidationError(words, code="direction")


INPUTS = {f"django/forms/widgets/{kind}.html" for kind in ("email", "hidden", "number", "password", "text")}


class FormRenderer(DjangoTemplates):
    """Fields through templates/components/field.html, or their own; widgets through Django's own templates."""

    field_template_name = "components/field.html"

    def get_template(self, template_name: str) -> Any:
        engine = self.engine if template_name.startswith("django/") else engines["django"]
        return engine.get_template(template_name)

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """Django draws an input by three templates and a loop: a quarter of what the sign-in page cost."""
        if template_name not in INPUTS:
            return super().render(template_name, context, request)
        widget = context["widget"]
        attributes = {"type": widget["type"], "name": widget["name"], "value": widget["value"]} | widget["attrs"]
        drawn = (
            f" {name}" if value is True else f' {name}="{conditional_escape(value)}"'
            for name, value in attributes.items()
            if value is not None and value is not False
        )
        return mark_safe(f"<input{''.join(drawn)}>")  # noqa: S308 - values are escaped, names are the form's own


class LongChoices(BaseChoiceIterator):
    """Hundreds of choices, asked for in each reader's language, as pairs of a value and a label or a group of pairs.

    Django's own way of calling a function would look through all of them, several times a page.
    """

    def __init__(self, choices: Callable[[], Iterable[Any]]) -> None:
        self.choices = choices

    def __iter__(self) -> Iterator[Any]:
        return iter(self.choices())


class LongSelect(forms.Select):
    """For a list of hundreds. Django draws each option by two templates of its own: nearly all that the page costs."""

    template_name = "components/long_select.html"

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> SafeString:  # type: ignore[override]
        """All options, drawn."""
        del name, attrs
        groups = ((one, tuple(other) if isinstance(other, list) else other) for one, other in self.choices)
        drawn = _options(tuple(groups))
        for chosen in value:
            option = _option(chosen)
            drawn = drawn.replace(option, f"{option[:-1]} selected>", 1)
        return mark_safe(drawn)  # noqa: S308 - drawn below


@cache
def _options(choices: tuple[Any, ...]) -> str:
    """Once for each language; what a person has chosen is marked in it afterwards."""
    return "".join(_option_or_group(value, label) for value, label in choices)


def _option_or_group(value: Any, label: Any) -> str:
    if isinstance(label, tuple):
        return f'<optgroup label="{escape(value)}">{_options(label)}</optgroup>'
    return f"{_option(value)}{escape(label)}</option>"


def _option(value: Any) -> str:
    return f'<option value="{escape(value)}">'

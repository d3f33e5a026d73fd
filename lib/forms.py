"""How forms are drawn: one template for a field, one summary for all errors."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator
from django.forms.renderers import DjangoTemplates
from django.template import engines
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString

# Line breaks would reach mail headers, and marks that turn the reading direction make one name look like another.
one_line = RegexValidator(
    r"\A[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]*\Z",
    message=_("Use letters, digits and signs on one line only."),
    code="one_line",
)


class FormRenderer(DjangoTemplates):
    """Fields through templates/components/field.html, or their own; widgets through Django's own templates."""

    field_template_name = "components/field.html"

    def get_template(self, template_name: str) -> Any:
        engine = self.engine if template_name.startswith("django/") else engines["django"]
        return engine.get_template(template_name)


class LongSelect(forms.Select):
    """For a list of hundreds. Django draws each option by two templates of its own: nearly all that the page costs."""

    template_name = "components/long_select.html"

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> SafeString:  # type: ignore[override]
        """All options, drawn."""
        del name, attrs
        return _options(self.choices, value)


def _options(choices: Iterable[Any], chosen: list[str]) -> SafeString:
    return mark_safe("".join(_option_or_group(value, label, chosen) for value, label in choices))  # noqa: S308 - drawn below


def _option_or_group(value: Any, label: Any, chosen: list[str]) -> SafeString:
    if isinstance(label, list | tuple):
        return format_html('<optgroup label="{}">{}</optgroup>', value, _options(label, chosen))
    return _option(str(value), str(label), is_chosen=str(value) in chosen)


@cache
def _option(value: str, label: str, *, is_chosen: bool) -> SafeString:
    selected = mark_safe(" selected") if is_chosen else ""
    return format_html('<option value="{}"{}>{}</option>', value, selected, label)

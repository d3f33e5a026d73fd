"""How forms are drawn."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.test.html import parse_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy, override

from accounts.user.fields import CountryField
from lib.forms import FormRenderer, LongSelect

KINDS = ("Email", "Hidden", "Number", "Password", "Text")
CHOICES = [
    ("", gettext_lazy("Choose a country")),
    ("CH", "Switzerland"),
    ("Europe", [("Europe/Zurich", "Zürich"), ("<b>", '"><script>alert(1)</script>')]),
    ("<optgroup>", [(1, "one")]),
]


@pytest.mark.parametrize("widget", [getattr(forms, f"{kind}Input") for kind in KINDS], ids=KINDS)
@pytest.mark.parametrize(
    "value", [None, "", "Zürich", '"><script>alert(1)</script>', mark_safe("a&amp;b"), 0, 12345, True]
)
@pytest.mark.parametrize(
    "attrs", [None, {"id": "id_it", "required": True, "disabled": False, "min": 1, "data-x": "\"'&<"}]
)
def test_an_input_is_what_django_would_draw(widget: Any, value: Any, attrs: dict[str, Any] | None) -> None:
    shown = widget(attrs={"autocomplete": "off"}) if widget is not forms.PasswordInput else widget(render_value=True)
    drawings = [shown.render("it", value, attrs, renderer) for renderer in (FormRenderer(), DjangoTemplates())]

    assert drawings[0] == drawings[1]
    assert drawings[0].startswith("<input type=")


@pytest.mark.parametrize("chosen", [None, "", "CH", "<b>", 1, "1", "nowhere", '"><script>'])
@pytest.mark.parametrize("attrs", [None, {"id": "id_zone", "required": True, "disabled": False, "data-x": '"&<'}])
def test_a_long_list_is_what_django_would_draw(chosen: Any, attrs: dict[str, Any] | None) -> None:
    theirs = forms.Select(choices=CHOICES, attrs={"autocomplete": "country"})
    ours = LongSelect(choices=CHOICES, attrs={"autocomplete": "country"})

    assert parse_html(ours.render("zone", chosen, attrs)) == parse_html(theirs.render("zone", chosen, attrs))


def test_each_reader_gets_it_in_their_language() -> None:
    country = CountryField()

    def drawn(language: str) -> str:
        with override(language):
            return str(country.widget.render("country", "CH"))

    for language, name in (("de", "Schweiz"), ("fr", "Suisse"), ("de", "Schweiz")):
        assert f'<option value="CH" selected>{name}</option>' in drawn(language)

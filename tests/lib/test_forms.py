"""How forms are drawn."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.test.html import parse_html
from django.utils.translation import gettext_lazy, override

from accounts.user.fields import CountryField
from lib.forms import LongSelect

CHOICES = [
    ("", gettext_lazy("Choose a country")),
    ("CH", "Switzerland"),
    ("Europe", [("Europe/Zurich", "Zürich"), ("<b>", '"><script>alert(1)</script>')]),
    ("<optgroup>", [(1, "one")]),
]


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

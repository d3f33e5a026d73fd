"""Countries of domicile, by name in the reader's language."""

import unicodedata
from functools import cache

from babel import Locale
from django.utils.translation import get_language

Choices = tuple[tuple[str, str], ...]
NOT_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}


def choices() -> Choices:
    """(ISO 3166-1 code, name) sorted by name, for a form's field."""
    return _in_language((get_language() or "en").split("-")[0])


@cache
def _in_language(language: str) -> Choices:
    names = Locale.parse(language).territories
    countries = [(code, name) for code, name in names.items() if code.isalpha() and len(code) == 2]
    known = ((code, name) for code, name in countries if code not in NOT_COUNTRIES)
    return tuple(sorted(known, key=lambda country: without_accents(country[1])))


def without_accents(name: str) -> str:
    """As people look for a name in a list: "Åland" stands among those with A."""
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter)
    ).lower()

"""Time zones and countries, as people look for them."""

from __future__ import annotations

import pytest

from accounts.settings import time_zones
from accounts.user import countries


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("CH", "Europe/Zurich"),
        ("DE", "Europe/Berlin"),  # two places, one time
        ("ES", "Europe/Madrid"),  # most of three
        ("US", "UTC"),  # no time is that of most places
        ("XX", "UTC"),
    ],
)
def test_a_country_has_the_time_of_most_of_its_places(country: str, zone: str) -> None:
    assert time_zones.usual_in(country) == zone


def test_names_with_accents_stand_where_one_looks_for_them() -> None:
    names = [name for _code, name in countries.choices()]

    assert names.index("Åland Islands") < names.index("Albania")
    assert names.index("Türkiye") < names.index("Tuvalu")
    assert names == sorted(names, key=countries.without_accents)

"""Time zones as people look for them: by continent or ocean, then by city, in the reader's language."""

from __future__ import annotations

import zoneinfo
from functools import cache
from importlib.resources import files

from babel.dates import get_timezone_location
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

# The first part of a zone's name, and what we call it; "Indian" alone would be a language or a people.
REGIONS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic Ocean"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}
Choices = list[tuple[str, object]]


def choices() -> Choices:
    """Groups of (zone, city), each sorted by city, for a form's field; UTC comes first."""
    cities = _cities((get_language() or "en").replace("-", "_"))
    return [("UTC", _("Universal time (UTC)")), *((str(name), cities[region]) for region, name in REGIONS.items())]


@cache
def _cities(language: str) -> dict[str, Choices]:
    groups: dict[str, Choices] = {region: [] for region in REGIONS}
    for zone in _zones():
        groups[zone.partition("/")[0]].append((zone, _city(zone, language)))
    return {region: sorted(group, key=lambda choice: str(choice[1])) for region, group in groups.items()}


@cache
def _zones() -> tuple[str, ...]:
    """One zone for each place under its present name: the IANA table without the old names, which zoneinfo has too."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    return tuple(line.split("\t")[2] for line in table.splitlines() if not line.startswith("#"))


def _city(zone: str, language: str) -> str:
    return get_timezone_location(zoneinfo.ZoneInfo(zone), locale=language, return_city=True)

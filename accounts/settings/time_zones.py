"""Time zones as people look for them: by continent or ocean, then by city, in the reader's language."""

from __future__ import annotations

import zoneinfo
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from babel.dates import get_timezone_location
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.user.countries import without_accents

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
SEASONS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))  # two zones that agree in both are alike
Choices = tuple[tuple[str, object], ...]


def choices() -> Choices:
    """Groups of (zone, city), each sorted by city, for a form's field; UTC comes first."""
    return _in_language((get_language() or "en").replace("-", "_"))


@cache
def _in_language(language: str) -> Choices:
    groups: dict[str, list[tuple[str, str]]] = {region: [] for region in REGIONS}
    for zone in _zones():
        groups[zone.partition("/")[0]].append((zone, _city(zone, language)))
    by_city = {
        region: tuple(sorted(zones, key=lambda zone: without_accents(zone[1]))) for region, zones in groups.items()
    }
    regions = ((str(name), by_city[region]) for region, name in REGIONS.items())
    return ("UTC", str(_("Universal time (UTC)"))), *regions


def usual_in(country: str) -> str:
    """The zone whose time most places of a country keep, by its ISO 3166-1 code; "UTC" where no time is that usual."""
    zones = [zone for code, zone in _places() if code == country]
    keeps = {
        zone: tuple(moment.astimezone(zoneinfo.ZoneInfo(zone)).utcoffset() for moment in SEASONS) for zone in zones
    }
    usual = Counter(keeps.values()).most_common(1)
    if not usual or usual[0][1] * 2 <= len(zones):
        return "UTC"
    return next(zone for zone in zones if keeps[zone] == usual[0][0])


def _zones() -> tuple[str, ...]:
    return tuple(zone for _code, zone in _places())


@cache
def _places() -> tuple[tuple[str, str], ...]:
    """(Country, zone): one for each place under its present name, in the order of the IANA table.

    It is without the old names, which zoneinfo has too.
    """
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return tuple((row[0], row[2]) for row in rows)


def _city(zone: str, language: str) -> str:
    return get_timezone_location(zoneinfo.ZoneInfo(zone), locale=language, return_city=True)

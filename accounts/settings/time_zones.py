"""Time zones as people look for them: by continent or ocean, then by city, in the reader's language."""

from __future__ import annotations

import zoneinfo
from functools import cache
from importlib.resources import files
from operator import itemgetter

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
Choices = tuple[tuple[str, object], ...]


def choices() -> Choices:
    """Groups of (zone, city), each sorted by city, for a form's field; UTC comes first."""
    return _in_language((get_language() or "en").replace("-", "_"))


@cache
def _in_language(language: str) -> Choices:
    groups: dict[str, list[tuple[str, str]]] = {region: [] for region in REGIONS}
    for zone in _zones():
        groups[zone.partition("/")[0]].append((zone, _city(zone, language)))
    regions = ((str(name), tuple(sorted(groups[region], key=itemgetter(1)))) for region, name in REGIONS.items())
    return ("UTC", str(_("Universal time (UTC)"))), *regions


@cache
def _zones() -> tuple[str, ...]:
    """One zone for each place under its present name: the IANA table without the old names, which zoneinfo has too."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    return tuple(line.split("\t")[2] for line in table.splitlines() if not line.startswith("#"))


def _city(zone: str, language: str) -> str:
    return get_timezone_location(zoneinfo.ZoneInfo(zone), locale=language, return_city=True)

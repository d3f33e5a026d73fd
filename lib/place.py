"""Where an address roughly is, from any .mmdb file; always an approximation, often unknown."""

import logging
from functools import cache

import maxminddb
from django.conf import settings
from django.utils.translation import get_language

log = logging.getLogger("sallyport.place")


def approximate_place(ip: str) -> str:
    """ "Lausanne, Switzerland" in the present language, or "" when nothing is known."""
    found = _look_up(ip) if settings.GEOIP_FILE else None
    if not isinstance(found, dict):
        return ""
    parts = (_name(found.get("city")), _name(found.get("country")))
    return ", ".join(part for part in parts if part)


def country(ip: str) -> str:
    """The ISO 3166 code of the country, or "" when nothing is known."""
    found = _look_up(ip) if settings.GEOIP_FILE else None
    record = found.get("country") if isinstance(found, dict) else None
    return str(record.get("iso_code") or "") if isinstance(record, dict) else ""


def _look_up(ip: str) -> object:
    """What the file says of the address; nothing when it cannot tell: nobody is kept out for want of a place name."""
    try:
        return _reader().get(ip)
    except ValueError:  # an IPv6 address, and the file knows IPv4 only
        return None
    except (OSError, maxminddb.InvalidDatabaseError) as failure:
        log.warning("GEOIP_FILE cannot be read", extra={"error": type(failure).__name__})
        return None


def _name(record: object) -> str:
    names = record.get("names") if isinstance(record, dict) else None
    if not isinstance(names, dict):
        return ""
    return str(names.get(get_language() or "en") or names.get("en") or "")


@cache
def _reader() -> maxminddb.Reader:
    return maxminddb.open_database(settings.GEOIP_FILE)

"""The one clock. Tests move it by writing to the file that PORTAL_TEST_CLOCK names."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """The time, aware, in UTC."""
    return _test_time() if settings.PORTAL_TEST_CLOCK else timezone.now()


def zone_of(when: datetime) -> str:
    """What its time zone is called then: "CET". Many have numbers for a name, which say more as "UTC+03"."""
    name = when.tzname() or ""
    return f"UTC{name}" if name.startswith(("+", "-")) else name


def _test_time() -> datetime:
    """The moment in the file: ISO 8601, or signed seconds to add to the real time; an empty file changes nothing."""
    try:
        written = Path(settings.PORTAL_TEST_CLOCK).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        written = ""
    if not written:
        return timezone.now()
    try:
        return timezone.now() + timedelta(seconds=float(written))
    except ValueError:
        moment = datetime.fromisoformat(written)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

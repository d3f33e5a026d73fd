"""Moves the clock that lib.clock reads, for this process and for the servers it started."""

from datetime import datetime, timedelta
from pathlib import Path

from lib import clock


class TestClock:
    """Real time until it is moved or stopped."""

    __test__ = False

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        return clock.now()

    def advance(self, by: timedelta) -> None:
        """Jump; time then goes on, or stands still if it was stopped."""
        written = self._file.read_text() if self._file.exists() else ""
        if "T" in written:
            self._write((clock.now() + by).isoformat())
        else:
            self._write(str(float(written or 0) + by.total_seconds()))

    def stop(self, at: datetime | None = None) -> datetime:
        """Stand still at that moment, or at this one."""
        moment = at or clock.now()
        self._write(moment.isoformat())
        return moment

    def reset(self) -> None:
        self._file.unlink(missing_ok=True)

    def _write(self, text: str) -> None:
        fresh = self._file.with_suffix(".fresh")
        fresh.write_text(text)
        fresh.replace(self._file)  # a server that reads at this moment must not find half of it

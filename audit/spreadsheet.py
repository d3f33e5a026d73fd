"""Events as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.models import SecurityEvent

# A cell that begins so is a formula to a spreadsheet, and may fetch an address or start a program when it is opened
# (CWE-1236). The user agent is whatever a visitor sent.
FORMULA_STARTS = tuple("=+-@\t\r\n|%")
MARK = "\ufeff"  # tells spreadsheets that it is UTF-8


def csv_of(events: Iterable[SecurityEvent]) -> str:
    written = io.StringIO()
    written.write(MARK)
    rows = csv.writer(written, quoting=csv.QUOTE_ALL)
    where = [_("Browser"), _("Approximate place"), _("IP address"), _("User agent")]
    rows.writerow([_("Time (UTC)"), _("What"), _("Kind"), *where, _("Done by"), _("Request")])
    for event in events:
        rows.writerow(map(_harmless, _cells(event)))
    return written.getvalue()


def _cells(event: SecurityEvent) -> tuple[str, ...]:
    when = event.created_at.strftime("%Y-%m-%d %H:%M:%S")
    kind = str(event.event.category.label)
    where = (event.browser, event.place, event.ip, event.user_agent)
    return when, event.words, kind, *where, event.done_by, event.request_id


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip().startswith(FORMULA_STARTS) else cell

"""make bench: measures the portal beside its floors, prints a table, writes var/bench.json."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import django

from tests.bed import environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measures import Measure

REPORT = Path("var/bench.json")
PEERS = """Peers as measured before on a machine of this kind: django-allauth 65.21, django-two-factor-auth 1.18 and
privacyIDEA 3.14. The same code varies by up to two between runs: compare within a row, not between machines."""


def main() -> int:
    os.environ |= {"PORTAL_TEST_CLOCK": "", "LOG_LEVEL": "ERROR"}  # real time costs no file read
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    from bench import measures, portal, streams  # noqa: PLC0415 - they need Django set up

    started = time.monotonic()
    try:
        with portal.database():
            found = [measure for measures_of in (streams.waiting_pages,) for measure in measures_of()]
    finally:
        shutil.rmtree(environment.FOLDER, ignore_errors=True)
    print(table(found), f"\n\n{PEERS}\n\nTook {time.monotonic() - started:.0f} s.")  # noqa: T201 - its purpose
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([measure.as_json() for measure in found], indent=1, ensure_ascii=False) + "\n")
    return 0


def table(found: Sequence[Measure]) -> str:
    verdicts = {True: "met", False: "MISSED", None: ""}
    rows = [("", "What", "Ours", "Beside", "Target", "")]
    rows += [(m.number, m.what, m.ours, m.beside, m.target, verdicts[m.met]) for m in found]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


sys.exit(main())

"""Check that nobody has changed, removed, added or moved what was recorded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from audit.checkpoints import Comparison
from audit.verify import Verification

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from audit.chain import Fault


class Command(BaseCommand):
    """manage.py audit_verify: names the first bad event of each account and ends with 1, or says that all is well."""

    help = __doc__.splitlines()[0] + " Exit code 1 names the first bad event of each account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoints",
            metavar="FILE",
            type=Path,
            help="a log with the lines of sallyport.audit.checkpoint (others are skipped): finds ends that were cut "
            "off together with their heads",
        )

    def handle(self, *_args: Any, checkpoints: Path | None = None, **_options: Any) -> None:
        began = time.monotonic()
        verification = Verification()
        bad = self.tell(verification)
        seconds = time.monotonic() - began
        self.stdout.write(f"{verification.events} events in {verification.chains} chains, {seconds:.1f} s")
        if checkpoints is not None:
            with checkpoints.open(encoding="utf-8", errors="replace") as lines:
                bad |= self.compare(lines)
        if bad:
            raise CommandError(f"{len(bad)} broken")
        self.stdout.write("All chains hold.")

    def compare(self, lines: Iterable[str]) -> set[int | str]:
        """Returns what is broken: accounts, and lines of the log."""
        comparison = Comparison(lines)
        bad = self.tell(comparison)
        for number in comparison.forged:
            self.stderr.write(f"line {number}: not a checkpoint of this portal")
            bad.add(f"line {number}")
        self.stdout.write(f"{comparison.checkpoints} checkpoints")
        return bad

    def tell(self, faults: Iterable[Fault]) -> set[int | str]:
        """Each account's first fault at once, while the others are still being looked for."""
        bad: set[int | str] = set()
        for fault in faults:
            if fault.user_id not in bad:
                self.stderr.write(str(fault))
                bad.add(fault.user_id)
        return bad

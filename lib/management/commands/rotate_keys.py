"""Put every stored secret under the active key, so that older keys can leave PORTAL_KEYS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from lib import crypto, rotation

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from lib.rotation import SealedColumn


class Command(BaseCommand):
    """manage.py rotate_keys: seals anew while the portal runs; killed, it goes on where it was when started again."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--verify", action="store_true", help="change nothing, count what is under which key")
        parser.add_argument("--batch", type=int, default=200, help="rows read at once (200)")

    def handle(self, *_args: Any, verify: bool, batch: int, **_options: Any) -> None:
        if not verify:
            self.rotate(batch)
        self.verify()

    def rotate(self, batch: int) -> None:
        try:
            rotation.keep_digest_root()
        except rotation.WrongKeys as wrong:
            raise CommandError(f"Nothing was changed: {wrong}.") from None
        for column in rotation.columns():
            # Again until a pass finds nothing: a server that still has the old ring may have written meanwhile.
            while self.rotate_column(column, batch):
                pass

    def rotate_column(self, column: SealedColumn, batch: int) -> int:
        waiting = column.elsewhere(crypto.active_key()[0]).count()
        done = 0
        for sealed in rotation.rotate(column, batch=batch):
            done += sealed
            self.stdout.write(f"{column}: {done} of {waiting} sealed anew")
            self.stdout.flush()
        return done

    def verify(self) -> None:
        """Say what is under which key; end with 1 unless an older key could go now."""
        active, _key = crypto.active_key()
        wrong = 0
        for column in rotation.columns():
            found = rotation.census(column)
            keys = ", ".join(f"{count} under key {kid}" for kid, count in sorted(found.by_key.items())) or "none"
            self.stdout.write(f"{column}: {keys}; {found.closed} do not open")
            wrong += not found.is_clean
        if wrong:
            raise CommandError(f"Not everything is under key {active}, or something does not open: keep every key.")
        self.stdout.write(f"Everything is under key {active}. See docs/decisions for when older keys may go.")

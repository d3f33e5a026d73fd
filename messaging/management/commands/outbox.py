"""The outbox by hand: what is in it, and its sweep where no Celery runs."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections
from django.db.models import Count

from messaging.actions import deliver, purge, sweep
from messaging.models import Message, State

if TYPE_CHECKING:
    from argparse import ArgumentParser

PAUSE_SECONDS = 10
DAY_SECONDS = 24 * 3600

log = logging.getLogger("sallyport.messaging")


class Command(BaseCommand):
    help = "Count the messages in each state; with --once or --loop, deliver what waits, without Celery."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how_often = parser.add_mutually_exclusive_group()
        how_often.add_argument("--once", action="store_true", help="deliver what waits, then stop")
        how_often.add_argument("--loop", action="store_true", help="deliver every 10 seconds until stopped")

    def handle(self, *_args: Any, once: bool, loop: bool, **_options: Any) -> None:
        if loop:
            self.deliver_for_ever()
        elif once:
            self.stdout.write(f"handled {sweep(deliver)}")
        else:
            self.count()

    def count(self) -> None:
        counted = dict(Message.objects.order_by().values_list("state").annotate(Count("pk")))
        for state in State:
            self.stdout.write(f"{state.value:8} {counted.get(state.value, 0)}")

    def deliver_for_ever(self) -> None:
        purge_at = time.monotonic()
        while True:
            close_old_connections()
            try:
                sweep(deliver)
                if time.monotonic() >= purge_at:
                    purge_at = time.monotonic() + DAY_SECONDS
                    purge()
            except Error as failure:  # the database is away: it comes back, and the rows are in it
                log.warning("no sweep", extra={"error": type(failure).__name__})
            time.sleep(PAUSE_SECONDS)

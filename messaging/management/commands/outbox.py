"""The outbox by hand: what is in it, what becomes of what was given up, and its sweep where no Celery runs."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, close_old_connections
from django.db.models import Count

from lib import clock
from messaging.actions import deliver, drop, purge, revive, sweep
from messaging.models import Message, State

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Collection

    from messaging.models import MessageQuerySet

PAUSE_SECONDS = 10
SHORTEST_PAUSE_SECONDS = 1
DAY_SECONDS = 24 * 3600
ALL = "all"

log = logging.getLogger("sallyport.messaging")


class Command(BaseCommand):
    help = (
        "Count the messages in each state. With --list, --revive or --drop, look at those that were given up (dead), "
        "let them be tried anew, or let them rest; with --once or --loop, deliver what waits, without Celery."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        wish = parser.add_mutually_exclusive_group()
        wish.add_argument("--list", action="store_true", dest="lists", help="list the dead ones, the oldest first")
        wish.add_argument("--revive", nargs="+", metavar="ID", help="try these dead ones anew; or all")
        wish.add_argument("--drop", nargs="+", metavar="ID", help="let these dead ones rest; or all")
        wish.add_argument("--once", action="store_true", help="deliver what waits, then stop")
        wish.add_argument("--loop", action="store_true", help="deliver every 10 seconds until stopped")

    def handle(self, *_args: Any, **wish: Any) -> None:
        if wish["loop"]:
            self.deliver_for_ever()
        elif wish["once"]:
            self.stdout.write(f"handled {sweep(deliver)}")
        elif wish["revive"]:
            self.stdout.write(f"revived {revive(chosen(wish['revive']))}")
        elif wish["drop"]:
            self.stdout.write(f"dropped {drop(chosen(wish['drop']))}")
        elif wish["lists"]:
            self.list_dead()
        else:
            self.count()

    def count(self) -> None:
        counted = dict(Message.objects.order_by().values_list("state").annotate(Count("pk")))
        for state in State:
            self.stdout.write(f"{state.value:8} {counted.get(state.value, 0)}")

    def list_dead(self) -> None:
        """Without names and addresses: whose a message is, its number tells."""
        for message in dead().order_by("created_at").iterator():
            whose = f"user {message.user_id}" if message.user_id else "no account"
            queued = f"{message.created_at:%Y-%m-%d %H:%M:%S} UTC"
            facts = (message.pk, queued, message.kind, message.channel, whose, f"{message.tries} tries", message.error)
            self.stdout.write("  ".join(map(str, facts)))

    def deliver_for_ever(self) -> None:
        purge_at = time.monotonic()
        while True:
            close_old_connections()
            pause = float(PAUSE_SECONDS)
            try:
                sweep(deliver)
                if time.monotonic() >= purge_at:
                    purge_at = time.monotonic() + DAY_SECONDS
                    purge()
                pause = seconds_to_next()
            except Error as failure:  # the database is away: it comes back, and the rows are in it
                log.warning("no sweep", extra={"error": type(failure).__name__})
            time.sleep(pause)


def dead() -> MessageQuerySet:
    return Message.objects.filter(state=State.DEAD).in_time(clock.now())


def chosen(ids: list[str]) -> Collection[UUID]:
    """The dead messages that these are. One mistake, and nothing is done with any of them."""
    found = set(dead().values_list("pk", flat=True))
    if ids == [ALL]:
        return found
    try:
        wanted = {UUID(text) for text in ids}
    except ValueError:
        raise CommandError("An ID is not one; --list shows them.") from None
    if not wanted <= found:
        raise CommandError("Not among the dead: " + ", ".join(sorted(map(str, wanted - found))))
    return wanted


def seconds_to_next() -> float:
    """Until the next sweep: sooner if a message is due sooner, such as a push that is tried again after three."""
    now = clock.now()
    soon = Message.objects.filter(
        state=State.NEW, not_before__gt=now, not_before__lt=now + timedelta(seconds=PAUSE_SECONDS)
    )
    first = soon.order_by("not_before").values_list("not_before", flat=True).first()
    return max(SHORTEST_PAUSE_SECONDS, (first - now).total_seconds()) if first is not None else PAUSE_SECONDS

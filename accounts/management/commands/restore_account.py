"""Support brings a deleted account back when its owner has lost the mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from accounts.settings.actions import restore_account
from accounts.settings.models import Deletion
from accounts.user.models import User
from lib.origin import NOWHERE

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """manage.py restore_account LOGIN: within 14 days; the owner is told, and signs in as before."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("login", help="email or login ID")

    def handle(self, *_args: Any, **options: Any) -> None:
        user = User.objects.by_login(options["login"])
        deletion = Deletion.objects.restorable().filter(user=user).first() if user else None
        if deletion is None or not restore_account(deletion, origin=NOWHERE):
            raise CommandError(f"{options['login']} is not an account that was deleted in the last 14 days")
        self.stdout.write(f"Restored {deletion.user.login_id}")

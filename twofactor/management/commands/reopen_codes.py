"""Let somebody use codes again after a hundred wrong ones in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from accounts.user.models import User
from lib import limits
from twofactor.challenge.budget import IN_ALL, RATE

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """manage.py reopen_codes LOGIN: for operators who know why so many were wrong. No method is turned off by it."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("login", help="e-mail address or login ID")

    def handle(self, *_args: Any, login: str, **_options: Any) -> None:
        user = User.objects.by_login(login)
        if user is None:
            raise CommandError(f"Nobody signs in with {login}")
        for limit in (IN_ALL, RATE):
            limits.forget(limit, user.pk)
        self.stdout.write(f"{user} may use codes again.")

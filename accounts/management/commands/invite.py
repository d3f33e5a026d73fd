"""Invite people where SIGNUP=invitation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts.signup.actions import invite
from lib import addresses

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """manage.py invite EMAIL …: each gets a mail with a link to sign up."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", nargs="+")
        parser.add_argument("--language", default=settings.LANGUAGE_CODE, choices=dict(settings.LANGUAGES))

    def handle(self, *_args: Any, **options: Any) -> None:
        for email in options["email"]:
            try:
                validate_email(addresses.tidied(email))
                invite(email, language=options["language"])
            except (ValidationError, addresses.NoAddress):
                raise CommandError(f"{email} is not an email address") from None
            self.stdout.write(f"Invited {email}")

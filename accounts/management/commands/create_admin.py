"""The first account of support staff: nobody has a default password, nor can a page make one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from accounts.password.models import PasswordReset
from accounts.user.models import User
from lib import addresses, links, site

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """manage.py create_admin EMAIL: prints a link, good once and for an hour, to choose the password."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.add_argument("--country", default="CH", help="country of domicile, two letters")

    def handle(self, *_args: Any, **options: Any) -> None:
        email = addresses.tidied(options["email"])
        try:
            validate_email(email)
            compared = addresses.deliverable(email)
        except (ValidationError, addresses.NoAddress):
            raise CommandError(f"{email} is not an email address") from None
        if User.objects.filter(email_compared=compared).exists():
            raise CommandError(f"{email} has an account already")
        with transaction.atomic():
            name = options["name"] or email.split("@")[0]
            user = User.objects.create_user(email=email, name=name, country=options["country"].upper(), is_support=True)
            reset = PasswordReset.objects.create(user=user, auth_generation=user.auth_generation)
        path = reverse("accounts:password:reset", args=[links.token_for("password_reset", reset.pk)])
        self.stdout.write(f"{user.login_id} is support staff. Choose the password within an hour:")
        self.stdout.write(site.absolute(path))

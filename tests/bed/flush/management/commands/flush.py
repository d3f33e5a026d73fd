"""What empties the database after a test whose rows others could see: the tables that hold any, and no signal after."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connections, transaction

# Written by migrations, and by nothing else.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


class Command(BaseCommand):
    """In the place of Django's, which truncates every table and then writes anew what migrations have to say."""

    stealth_options = ("reset_sequences", "allow_cascade", "inhibit_post_migrate")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--database", default="default")
        parser.add_argument("--noinput", action="store_false", dest="interactive")

    def handle(self, *_args: Any, database: str, **_options: Any) -> None:
        connection = connections[database]
        tables = [name for name in connection.introspection.django_table_names() if name not in KEPT]
        quoted = {name: connection.ops.quote_name(name) for name in tables}
        questions = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quoted[name]})" for name in tables]  # noqa: S608 - ours
        with transaction.atomic(using=database), connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(questions))
            full = [name for (name,) in cursor.fetchall()]
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL session_replication_role = replica")  # all of it goes: nothing to check
            for name in full:
                cursor.execute(f"DELETE FROM {quoted[name]}")  # noqa: S608

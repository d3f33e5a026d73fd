"""What a parallel run makes once, for all its processes: PostgreSQL, a database with every migration, static files."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from django.conf import settings

from tests.bed import environment, postgres


@contextmanager
def shared() -> Iterator[None]:
    """Call it in the parent, before it starts the others: they find it by the environment they inherit."""
    environment.FOLDER.mkdir(mode=0o711)
    os.environ["TESTS_SHARE"] = str(environment.FOLDER)
    with ExitStack() as running, ThreadPoolExecutor() as pool:
        running.callback(shutil.rmtree, environment.FOLDER, ignore_errors=True)
        collecting = pool.submit(collect_static)
        if environment.STARTS_POSTGRES:
            running.enter_context(postgres.running(environment.POSTGRES))
            # PostgreSQL makes every new database as a copy of this one.
            migrate(environment.database_url().rpartition("/")[0] + "/template1")
        elif is_sqlite():
            migrate(f"sqlite:///{environment.MIGRATED_SQLITE}")
        collecting.result()
        yield


def is_sqlite() -> bool:
    return str(settings.DATABASES["default"]["ENGINE"]).endswith("sqlite3")


def collect_static() -> None:
    """As in production: hashed names, compressed."""
    run("collectstatic", "--noinput")


def migrate(database_url: str) -> None:
    run("migrate", DATABASE_URL=database_url)


def run(*command: str, **variables: str) -> None:
    """In a process of its own: nothing keeps a connection to what is copied."""
    given = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"} | variables
    subprocess.run([sys.executable, "manage.py", *command, "--verbosity", "0"], check=True, env=given)

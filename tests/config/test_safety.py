"""With unsafe settings no process starts (HD-06, ASVS 13.4.2)."""

from __future__ import annotations

import base64
import email.utils
import json
import os
import subprocess
import sys
from email.header import decode_header, make_header
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

KEY = base64.b64encode(bytes(range(32))).decode()
# A production that starts. Each test spoils one thing.
GOOD = {
    "SECRET_KEY": "Qm7hX2vLp9wRt4sKd8fGj3nBz6cVy1aEuOiPqWxTlYgZ5r0M",
    "PORTAL_KEYS": f"k1:{KEY}",
    "SITE_URL": "https://portal.example",
    "ALLOWED_HOSTS": "portal.example",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_URL": "smtp://127.0.0.1:25",
    "SUPPORT_CONTACT": "help@portal.example",
}
GOOD["SECRET_KEY"] += "abcDEF123456"
BAD: list[tuple[str, dict[str, str], str]] = [
    ("no secret key", {"SECRET_KEY": ""}, "SECRET_KEY"),
    ("a short secret key", {"SECRET_KEY": "short"}, "SECRET_KEY"),
    ("a secret key that is no secret", {"SECRET_KEY": "x" * 64}, "SECRET_KEY"),
    ("a placeholder for a secret key", {"SECRET_KEY": "django-insecure-" + GOOD["SECRET_KEY"]}, "SECRET_KEY"),
    ("a short key for pushes", {"VAPID_PRIVATE_KEY": "c2hvcnQ"}, "VAPID_PRIVATE_KEY"),
    ("a key for pushes that is none", {"VAPID_PRIVATE_KEY": "_" * 43}, "VAPID_PRIVATE_KEY"),
    ("nobody to write to about pushes", {"VAPID_PRIVATE_KEY": "A" * 42 + "E", "VAPID_SUBJECT": "x"}, "VAPID_SUBJECT"),
    ("pushes to anywhere", {"PUSH_ENDPOINT_HOSTS": "*"}, "PUSH_ENDPOINT_HOSTS"),
    ("pushes to this machine", {"PUSH_ENDPOINT_HOSTS": "http://localhost"}, "PUSH_ENDPOINT_HOSTS"),
    ("no keys", {"PORTAL_KEYS": ""}, "PORTAL_KEYS"),
    ("a key without a name", {"PORTAL_KEYS": KEY}, "PORTAL_KEYS"),
    ("a short key", {"PORTAL_KEYS": "k1:c2hvcnQ="}, "PORTAL_KEYS"),
    ("a key that is not base64", {"PORTAL_KEYS": "k1:" + "!" * 44}, "PORTAL_KEYS"),
    ("a good and a bad key", {"PORTAL_KEYS": f"k1:{KEY},k2:x"}, "PORTAL_KEYS"),
    ("a comma after the last key", {"PORTAL_KEYS": f"k1:{KEY},"}, "PORTAL_KEYS"),
    ("a key that is not even ASCII", {"PORTAL_KEYS": "k1:é"}, "PORTAL_KEYS"),
    ("two keys of one name", {"PORTAL_KEYS": f"k1:{KEY},k1:{KEY[::-1].replace('=', '')}="}, "PORTAL_KEYS"),
    ("http", {"SITE_URL": "http://portal.example"}, "SITE_URL"),
    ("no address", {"SITE_URL": ""}, "SITE_URL"),
    ("no hosts", {"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
    ("any host", {"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
    ("any host among others", {"ALLOWED_HOSTS": "portal.example, *"}, "ALLOWED_HOSTS"),
    ("no broker", {"REDIS_URL": ""}, "REDIS_URL"),
    ("no mail server", {"EMAIL_URL": ""}, "EMAIL_URL"),
    ("mail into nothing", {"EMAIL_URL": "dummymail:"}, "EMAIL_URL"),
    ("mail from nobody", {"MAIL_FROM": "Sallyport"}, "MAIL_FROM"),
    ("mail from two", {"MAIL_FROM": "a@portal.example, b@portal.example"}, "MAIL_FROM"),
    ("mail from two lines", {"MAIL_FROM": "Portal\r\nBcc: x <a@portal.example>"}, "MAIL_FROM"),
    ("a product of two lines", {"PRODUCT_NAME": "Sally\nport"}, "PRODUCT_NAME"),
    ("a product written backwards", {"PRODUCT_NAME": "Sally\u202etrop"}, "PRODUCT_NAME"),
    ("a product without a name", {"PRODUCT_NAME": "  "}, "PRODUCT_NAME"),
    ("a product with a long name", {"PRODUCT_NAME": "x" * 65}, "PRODUCT_NAME"),
    ("help on two lines", {"SUPPORT_CONTACT": "help@portal.example\nor us"}, "SUPPORT_CONTACT"),
    ("nobody to ask", {"SUPPORT_CONTACT": ""}, "SUPPORT_CONTACT"),
    ("another way to sign up", {"SIGNUP": "everybody"}, "SIGNUP"),
    ("the demo", {"SALLYPORT_DEMO": "1"}, "SALLYPORT_DEMO"),
    ("a test run", {"PORTAL_TESTING": "1"}, "PORTAL_TESTING"),
    ("a clock of tests", {"PORTAL_TEST_CLOCK": "/tmp/clock"}, "PORTAL_TEST_CLOCK"),  # noqa: S108 - never opened
    ("a fault of tests", {"FAILPOINT": "x"}, "FAILPOINT"),
    ("a number that is none", {"SESSION_HOURS": "many"}, "SESSION_HOURS"),
    ("a switch that is none", {"SALLYPORT_DEMO": "perhaps"}, "SALLYPORT_DEMO"),
    ("a proxy that is no address", {"TRUSTED_PROXIES": "10.0.0.0/33"}, "TRUSTED_PROXIES"),
    ("a secret file that is not there", {"SECRET_KEY_FILE": "/no/such/secret"}, "/no/such/secret"),
]
INHERITED = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
COMMANDS = {
    "a command": ["manage.py", "check"],
    "the web server": ["-c", "import config.wsgi"],
    "the event server": ["-c", "import config.asgi"],
    "a worker": [
        "-c",
        "from config.celery import app; app.conf.beat_schedule; app.finalize(); import django; django.setup()",
    ],
}


def started(folder: Path, command: list[str], settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What becomes of a process with these settings and no others."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return subprocess.run(
        [sys.executable, *command],
        env=environment | {"DJANGO_SETTINGS_MODULE": "config.settings", "VAR_DIR": str(folder)} | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_good_production_starts(tmp_path: Path, command: list[str]) -> None:
    process = started(tmp_path, command, GOOD)

    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize(("settings", "name"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_a_bad_one_does_not_and_says_why(tmp_path: Path, settings: dict[str, str], name: str) -> None:
    process = started(tmp_path, COMMANDS["a command"], GOOD | settings)

    assert process.returncode != 0
    assert name in process.stderr.splitlines()[-1] or f"- {name}" in process.stderr or f"{name} is" in process.stderr


@pytest.mark.parametrize("name", ["Zürich: Mein Portal", "Alpina Media, Inc.", '<b>"%(x)s" {y} & \\', "門" * 64])
def test_a_product_may_be_called_anything_on_one_line(tmp_path: Path, name: str) -> None:
    command = ["-c", "import json; from config import settings as s; print(json.dumps(s.DEFAULT_FROM_EMAIL))"]
    process = started(tmp_path, command, GOOD | {"PRODUCT_NAME": name, "PYTHONIOENCODING": "utf-8"})

    [(shown, address)] = email.utils.getaddresses([json.loads(process.stdout)])
    assert process.returncode == 0, process.stderr
    assert str(make_header(decode_header(shown))) == name
    assert address == "no-reply@portal.example"


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_no_process_starts_with_one(tmp_path: Path, command: list[str]) -> None:
    assert started(tmp_path, command, GOOD | {"ALLOWED_HOSTS": "*"}).returncode != 0


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    process = started(tmp_path, COMMANDS["a command"], {})

    missing = [name for name in GOOD if f"- {name}" not in process.stderr]
    assert process.returncode != 0
    assert not missing


def test_no_secret_is_repeated_in_the_message(tmp_path: Path) -> None:
    process = started(tmp_path, COMMANDS["a command"], GOOD | {"PORTAL_KEYS": f"k1:{KEY},k2:abc", "SITE_URL": ""})

    assert process.returncode != 0
    assert KEY not in process.stderr + process.stdout
    assert GOOD["SECRET_KEY"] not in process.stderr + process.stdout


def test_nothing_can_switch_debugging_on(tmp_path: Path) -> None:
    process = started(tmp_path, ["-c", "from config import settings; print(settings.DEBUG)"], GOOD | {"DEBUG": "1"})

    assert process.stdout.strip() == "False"


def test_djangos_own_checks_find_nothing(tmp_path: Path) -> None:
    process = started(tmp_path, ["manage.py", "check", "--deploy", "--fail-level", "WARNING"], GOOD)

    assert process.returncode == 0, process.stderr


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    settings = {}
    for name, value in GOOD.items():
        (tmp_path / name).write_text(value + "\n", encoding="utf-8")
        settings[f"{name}_FILE"] = str(tmp_path / name)

    assert started(tmp_path, COMMANDS["a command"], settings).returncode == 0

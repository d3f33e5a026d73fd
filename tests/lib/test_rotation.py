"""Rotating the keys of secrets at rest (DB-04): nothing is lost, whatever happens on the way."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from importlib import import_module
from random import Random
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import Client

from accounts.user.models import User
from lib import crypto, links, rotation
from lib.models import DigestRoot
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from tests.bed.race import race
from tests.bed.servers import database_in_use
from twofactor.models import TOTPDevice
from twofactor.timed_codes import new_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

    from tests.bed.evidence import Evidence

OLD = django_settings.PORTAL_KEYS
NEW = "new:" + base64.b64encode(b"n" * 32).decode()
NEWER = "newer:" + base64.b64encode(b"m" * 32).decode()
COLUMN = rotation.SealedColumn(TOTPDevice, TOTPDevice.sealed_fields[0])


def rotate(*options: str) -> str:
    """What the command says."""
    printed = io.StringIO()
    call_command("rotate_keys", *options, stdout=printed)
    return printed.getvalue()


def root() -> list[str]:
    """As it is stored: one, or none where the tests have emptied the database."""
    return list(DigestRoot.objects.values_list("sealed_root", flat=True))


def migrate() -> None:
    """What installing runs."""
    import_module("lib.migrations.0003_keep_digest_root").keep(apps, connection.schema_editor())


def keys_in_use() -> set[str]:
    return {kid for column in rotation.columns() for kid in rotation.census(column).by_key}


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """A process reads the root of digests once; each test is a new process in that."""
    crypto._digest_root.cache_clear()  # noqa: SLF001
    yield
    crypto._digest_root.cache_clear()  # noqa: SLF001


# ── The registry ──
def test_every_column_named_sealed_is_declared() -> None:
    named = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.TextField) and field.name.startswith("sealed_")
    }

    assert named == {str(column) for column in rotation.columns()}


# ── The command ──
@pytest.mark.django_db
def test_everything_comes_under_the_active_key_and_the_old_one_may_go(alice: User, settings: SettingsWrapper) -> None:
    device = code_app(alice)
    secret = device.secret
    settings.PORTAL_KEYS = f"{NEW},{OLD}"

    assert "twofactor.TOTPDevice.sealed_secret: 1 of 1 sealed anew" in rotate()

    assert keys_in_use() == {"new"}
    settings.PORTAL_KEYS = NEW
    device.refresh_from_db()
    assert device.secret == secret
    assert "Everything is under key new" in rotate("--verify")


@pytest.mark.django_db
def test_verify_changes_nothing_and_fails_until_all_is_done(alice: User, settings: SettingsWrapper) -> None:
    device, before = code_app(alice), root()
    settings.PORTAL_KEYS = f"{NEW},{OLD}"

    with pytest.raises(CommandError, match="Not everything is under key new"):
        rotate("--verify")

    assert TOTPDevice.objects.get().sealed_secret == device.sealed_secret
    assert root() == before


@pytest.mark.django_db
def test_a_secret_that_does_not_open_is_left_and_told(alice: User, bob: User, settings: SettingsWrapper) -> None:
    broken, whole = code_app(alice), code_app(bob)
    damaged = broken.sealed_secret[:-6] + "AAAAA="
    TOTPDevice.objects.filter(pk=broken.pk).update(sealed_secret=damaged)
    settings.PORTAL_KEYS = f"{NEW},{OLD}"

    with pytest.raises(CommandError, match="does not open"):
        rotate()

    assert TOTPDevice.objects.get(pk=broken.pk).sealed_secret == damaged
    assert TOTPDevice.objects.get(pk=whole.pk).sealed_secret.startswith("v1.new.")


@pytest.mark.django_db
def test_a_row_that_changed_since_it_was_read_is_not_overwritten(alice: User, settings: SettingsWrapper) -> None:
    device = code_app(alice)
    settings.PORTAL_KEYS = f"{NEW},{OLD}"
    stale = TOTPDevice.objects.get()
    device.secret = replacement = new_secret()
    device.save()

    assert rotation._seal_anew(COLUMN, stale) is False  # noqa: SLF001 - the moment between reading and writing
    assert TOTPDevice.objects.get().secret == replacement


@pytest.mark.django_db
@pytest.mark.parametrize(("has_root", "why"), [(True, "do not open the root"), (False, "put it back")])
def test_with_a_key_missing_nothing_is_touched(
    alice: User, settings: SettingsWrapper, *, has_root: bool, why: str
) -> None:
    device = code_app(alice)
    rotation.keep_digest_root()
    if not has_root:  # somebody deleted it
        DigestRoot.objects.all().delete()
    before = root()
    settings.PORTAL_KEYS = NEW

    with pytest.raises(CommandError, match=why):
        rotate()

    assert TOTPDevice.objects.get().sealed_secret == device.sealed_secret
    assert root() == before


# ── Digests outlive the key they came from ──
@pytest.mark.django_db
def test_a_key_that_is_put_last_by_mistake_changes_no_digest(alice: User, settings: SettingsWrapper) -> None:
    migrate()
    client = Client()
    sign_in(client, alice)
    before = crypto.keyed_digest("session", "abc")
    settings.PORTAL_KEYS = f"{OLD},{NEW}"

    crypto._digest_root.cache_clear()  # noqa: SLF001 - another process

    assert crypto.keyed_digest("session", "abc") == before
    assert client.get("/2fa/").status_code == 200


@pytest.mark.django_db
def test_the_root_is_kept_by_installing_and_by_no_second_time(settings: SettingsWrapper) -> None:
    DigestRoot.objects.all().delete()
    migrate()
    first = root()
    settings.PORTAL_KEYS = f"{NEW},{OLD}"
    migrate()

    assert len(first) == 1
    assert root() == first


@pytest.mark.django_db
def test_a_database_of_other_keys_is_not_brought_up_to_date(alice: User, settings: SettingsWrapper) -> None:
    code_app(alice)
    DigestRoot.objects.all().delete()
    settings.PORTAL_KEYS = NEW

    with pytest.raises(rotation.WrongKeys):
        migrate()
    assert not root()


@pytest.mark.django_db
def test_a_table_that_is_still_to_come_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TOTPDevice._meta, "db_table", "to_come")

    assert {str(column) for column in rotation.columns_in(connection)} == {
        str(column) for column in rotation.columns() if column.model is not TOTPDevice
    }


@pytest.mark.django_db
def test_what_digests_guard_survives_two_rotations(alice: User, settings: SettingsWrapper) -> None:
    before = crypto.keyed_digest("session", "abc")
    client = Client()
    sign_in(client, alice)

    for ring, alone in ((f"{NEW},{OLD}", NEW), (f"{NEWER},{NEW}", NEWER)):
        settings.PORTAL_KEYS = ring
        rotate()
        settings.PORTAL_KEYS = alone
        assert crypto.keyed_digest("session", "abc") == before
        assert client.get("/2fa/").status_code == 200


@pytest.mark.django_db
def test_a_root_under_a_missing_key_is_no_root(settings: SettingsWrapper) -> None:
    settings.PORTAL_KEYS = f"{NEW},{OLD}"
    rotate()

    settings.PORTAL_KEYS = NEWER

    with pytest.raises(crypto.CannotUnseal):
        crypto.keyed_digest("session", "abc")
    with pytest.raises(CommandError, match="Nothing was changed"):
        rotate()


def test_a_link_lives_as_long_as_its_key(settings: SettingsWrapper) -> None:
    token = links.token_for("password_reset", 41)
    settings.PORTAL_KEYS = f"{NEW},{OLD}"
    assert links.row_id_of("password_reset", token) == 41

    settings.PORTAL_KEYS = NEW
    assert links.row_id_of("password_reset", token) is None


# ── While people sign in ──
@pytest.mark.django_db(transaction=True)
def test_people_sign_in_while_it_runs(settings: SettingsWrapper) -> None:
    people = [User.objects.create_user(email=f"p{n}@alpina.example", password=PASSWORD, name="P") for n in range(8)]
    devices = [code_app(person) for person in people]
    codes = [totp_code(device) for device in devices]
    browsers = [Client(REMOTE_ADDR=f"198.51.{number}.7") for number in range(8)]
    for browser, person in zip(browsers, people, strict=True):
        give_password(browser, person)
    settings.PORTAL_KEYS = f"{NEW},{OLD}"

    def act(number: int) -> int:
        if number >= 8:
            rotate("--batch", "2")
            return 302
        return browsers[number].post("/login/verify/totp/", {"code": codes[number]}).status_code

    assert set(race(10, act)) == {302}
    assert keys_in_use() == {"new"}
    rotate("--verify")


# ── Killed on the way ──
def killed(count: int, settings: SettingsWrapper, *, batch: int, kills: int) -> tuple[int, list[int]]:
    """Rotate so many secrets with kill -9 at random moments: how many do not open, and what was done at each."""
    people = [
        User(
            email=f"p{n}@alpina.example",
            email_compared=f"p{n}@alpina.example",
            login_id=f"PP{n:05}",
            name="P",
            password="!",
        )
        for n in range(count)
    ]
    User.objects.bulk_create(people)
    secrets = [new_secret() for _person in people]
    devices = [TOTPDevice(user=person, name="Phone", confirmed=True) for person in people]
    for device, secret in zip(devices, secrets, strict=True):
        device.secret = secret
    TOTPDevice.objects.bulk_create(devices)
    random = Random(count)

    settings.PORTAL_KEYS = f"{NEW},{OLD}"
    done = [
        sealed_anew_until_killed(random.randint(1, max(1, count // batch // (kills + 2))), batch)
        for _kill in range(kills)
    ]
    rotate()

    settings.PORTAL_KEYS = NEW
    kept = dict(zip([device.pk for device in devices], secrets, strict=True))
    opened = {device.pk: device.secret for device in TOTPDevice.objects.iterator() if COLUMN.opens(device)}
    return sum(opened.get(pk) != secret for pk, secret in kept.items()), done


def sealed_anew_until_killed(batches: int, batch: int) -> int:
    """Start the command, kill it after so many batches, somewhere in the next one."""
    command = [sys.executable, "manage.py", "rotate_keys", "--batch", str(batch)]
    environment = {**os.environ, "DATABASE_URL": database_in_use(), "PORTAL_KEYS": f"{NEW},{OLD}"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        cwd=django_settings.BASE_DIR,
        env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
    ) as process:
        assert process.stdout is not None
        for _batch in range(batches):
            process.stdout.readline()
        process.kill()
        process.wait()
    return TOTPDevice.objects.filter(sealed_secret__startswith="v1.new.").count()


@pytest.mark.django_db(transaction=True)
def test_three_hundred_secrets_survive_two_kills(settings: SettingsWrapper) -> None:
    unreadable, done = killed(300, settings, batch=10, kills=2)

    assert unreadable == 0
    assert done == sorted(done)
    assert 0 < done[0] < done[-1] < 300, "the kills came too early or too late to prove anything"
    assert keys_in_use() == {"new"}


@pytest.mark.prove
@pytest.mark.django_db(transaction=True)
def test_ten_thousand_secrets_survive_five_kills(settings: SettingsWrapper, evidence: Evidence) -> None:
    unreadable, done = killed(10_000, settings, batch=100, kills=5)

    assert keys_in_use() == {"new"}
    evidence("N15 key rotation, five kill -9", 10_000, unreadable, f"killed after {', '.join(map(str, done))}")

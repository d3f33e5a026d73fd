"""docs/privacy.md names every column that can tell something of a person, and what it says of time is true."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.conf import settings

from accounts.email.models import EmailChange
from accounts.housekeeping import purge
from accounts.login.models import LoginAttempt
from accounts.password.models import PasswordReset
from accounts.sessions.models import Session
from tests.bed.people import code_app, give_password, sign_in

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User
    from tests.bed.clock import TestClock

OURS = {"accounts", "audit", "identity_check", "lib", "messaging", "organizations", "twofactor"}
NOBODYS = {"messaging.Heartbeat", "lib.DigestRoot"}  # said so below the tables
ROW = re.compile(r"^\| `([a-z_]+\.\w+)` \| ([^|]+) \|", re.MULTILINE)


def test_every_column_has_its_line_hd_07() -> None:
    """HD-07."""
    text = (Path(settings.BASE_DIR) / "docs" / "privacy.md").read_text(encoding="utf-8")
    told: dict[str, list[str]] = defaultdict(list)
    for table, columns in ROW.findall(text):
        told[table] += re.findall(r"`(\w+)`", columns)

    tables = [model._meta for model in apps.get_models()]
    stored = {
        table.label: sorted(field.name for field in table.concrete_fields)
        for table in tables
        if table.app_label in OURS and table.label not in NOBODYS
    }

    assert {table: sorted(columns) for table, columns in told.items()} == stored


@pytest.mark.django_db
def test_links_and_attempts_go_after_30_days_hd_07(alice: User, alices: Client, clock: TestClock) -> None:
    alices.post("/email/", {"email": "alice@new.example"})
    alices.post("/password/forgot/", {"login": alice.email})
    code_app(alice)
    give_password(alices, alice)
    tables = (EmailChange, PasswordReset)
    clock.advance(timedelta(days=29))
    purge()
    assert all(table.objects.filter(user=alice).exists() for table in tables)

    clock.advance(timedelta(days=1, minutes=1))
    purge()

    assert not any(table.objects.filter(user=alice).exists() for table in (*tables, LoginAttempt))


@pytest.mark.django_db
def test_sessions_and_their_addresses_go_after_90_days_hd_07(alice: User, alices: Client, clock: TestClock) -> None:
    sign_in(alices, alice)
    clock.advance(timedelta(days=90))
    purge()
    assert Session.objects.filter(user=alice).exists()

    clock.advance(timedelta(days=1, minutes=1))  # a session lives for a day
    purge()

    row = Session.objects.filter(user=alice).get()
    assert (row.ip, row.user_agent, row.place, row.network_digest) == (None, "", "", "")

    clock.advance(timedelta(days=275))  # all that it still says is that the browser is known
    purge()

    assert not Session.objects.filter(user=alice).exists()

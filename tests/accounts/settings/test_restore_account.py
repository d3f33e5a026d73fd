"""manage.py restore_account."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from tests.bed.people import PASSWORD

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("named_by", ["email", "login_id"])
def test_it_brings_a_deleted_account_back(named_by: str, alice: User, alices: Client) -> None:
    alices.post("/settings/delete/", {"password": PASSWORD})

    call_command("restore_account", getattr(alice, named_by))

    alice.refresh_from_db()
    assert alice.is_active


def test_it_refuses_any_other(alice: User, alices: Client, clock: TestClock) -> None:
    for login in ("nobody@elsewhere.example", alice.email):
        with pytest.raises(CommandError):
            call_command("restore_account", login)
    alices.post("/settings/delete/", {"password": PASSWORD})
    clock.advance(timedelta(days=14, seconds=1))
    with pytest.raises(CommandError):
        call_command("restore_account", alice.email)

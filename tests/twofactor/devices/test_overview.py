"""/2fa/: the methods a person has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.bed.people import code_app
from twofactor import registry

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User

pytestmark = pytest.mark.django_db


def test_without_a_method_it_says_so_and_offers_to_turn_it_on(alices: Client) -> None:
    page = alices.get("/2fa/").content.decode()

    assert "Your account is protected by your password only." in page
    assert "Turn on" in page


def test_it_lists_the_person_s_own_devices(alices: Client, alice: User, bob: User) -> None:
    code_app(bob, "Bob's phone")
    code_app(alice, "Alices <b>phone</b>")

    page = alices.get("/2fa/").content.decode()

    assert "Alices &lt;b&gt;phone&lt;/b&gt;" in page
    assert "phone</b>" not in page
    assert "Bob" not in page


@pytest.mark.parametrize("devices", [0, 1, 5])
def test_the_number_of_devices_does_not_change_the_number_of_statements(
    devices: int, alices: Client, alice: User
) -> None:
    for number in range(devices):
        code_app(alice, f"Phone {number}")

    with CaptureQueriesContext(connection) as captured:
        alices.get("/2fa/")

    assert len(captured) <= 2 + len(registry.METHODS)

"""Name and country."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from audit.models import SecurityEvent
from tests.bed.people import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from django.test import Client

    from accounts.user.models import User
    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
PAGE = "/profile/"


def test_name_and_country_are_saved(alice: User, alices: Client) -> None:
    answer = alices.post(PAGE, {"name": " Alice Example-Moser ", "country": "PT"}, follow=True)

    alice.refresh_from_db()
    assert (alice.name, alice.country) == ("Alice Example-Moser", "PT")
    assert "Your profile is saved." in answer.content.decode()


def test_each_change_is_recorded_and_told(alice: User, alices: Client, outbox: Outbox) -> None:
    alices.post(PAGE, {"name": "Alice Moser", "country": "PT"})

    events = SecurityEvent.objects.filter(user=alice, slug__startswith="profile.")
    assert {event.slug: event.details for event in events} == {
        "profile.name_changed": {"old_name": "Alice Example", "name": "Alice Moser"},
        "profile.country_changed": {"old_country": "CH", "country": "PT"},
    }
    assert {mail.subject for mail in outbox()} == {
        "Your name was changed", "The country you live in was changed",
    }  # fmt: skip


def test_saving_what_is_there_already_tells_nothing(alices: Client, outbox: Outbox) -> None:
    alices.post(PAGE, {"name": "Alice Example", "country": "CH"})

    assert not outbox()


@pytest.mark.parametrize(
    ("name", "country"),
    [("", "PT"), ("x" * 151, "PT"), ("A\nB", "PT"), ("A\u202eB", "PT"), ("Alice Moser", "XX"), ("Alice Moser", "")],
)
def test_nothing_typed_is_lost_on_an_error(name: str, country: str, alice: User, alices: Client) -> None:
    answer = alices.post(PAGE, {"name": name, "country": country})

    assert answer.status_code == 422
    form = answer.context["form"]
    assert (form["name"].value(), form["country"].value()) == (name, country)
    alice.refresh_from_db()
    assert (alice.name, alice.country) == ("Alice Example", "CH")


def test_it_asks_to_confirm_and_keeps_what_was_typed_ac_01(alice: User, alices: Client, clock: TestClock) -> None:
    """AC-01: the name is what an ID card is compared with, the country decides about text messages."""
    clock.advance(timedelta(minutes=16))
    confirm = alices.post(PAGE, {"name": "Mallory", "country": "FR"})["Location"]
    assert confirm.startswith("/confirm/")
    alice.refresh_from_db()
    assert (alice.name, alice.country) == ("Alice Example", "CH")

    back = alices.post(confirm, {"password": PASSWORD})["Location"]

    assert 'value="Mallory"' in alices.get(back).content.decode()

"""Language, time zone, alerts."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from accounts.settings import time_zones
from audit.models import SecurityEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from django.test import Client

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PRESENT = {"language": "en", "time_zone": "UTC", "alerts": "on"}


def test_the_page_shows_what_is_set(alice: User, alices: Client) -> None:
    alice.time_zone, alice.alerts_new_places = "Europe/Zurich", False
    alice.save()

    form = alices.get("/settings/").context["form"]

    assert form.initial == {"language": "en", "time_zone": "Europe/Zurich", "alerts": False}


def test_it_is_saved_and_said(alice: User, alices: Client) -> None:
    answer = alices.post("/settings/", {**PRESENT, "time_zone": "America/Argentina/Ushuaia"}, follow=True)

    alice.refresh_from_db()
    assert alice.time_zone == "America/Argentina/Ushuaia"
    assert "Your settings are saved." in answer.content.decode()


def test_pages_show_the_persons_time(alices: Client) -> None:
    alices.post("/email/", {"email": "alice@new.example"})
    in_utc = hour_in(alices.get("/email/").content.decode())
    alices.post("/settings/", {**PRESENT, "time_zone": "Asia/Tokyo"})

    assert hour_in(alices.get("/email/").content.decode()) == (in_utc + 9) % 24


@pytest.mark.parametrize(
    ("field", "value"),
    [("language", "xx"), ("language", ""), ("language", "de"), ("time_zone", "Mars/Base"), ("time_zone", ""),
     ("time_zone", "../../etc/passwd"), ("time_zone", "posixrules"), ("time_zone", "Europe")],
)  # fmt: skip
def test_what_is_not_offered_is_refused_and_the_rest_stays(field: str, value: str, alice: User, alices: Client) -> None:
    typed = {"language": "en", "time_zone": "Asia/Kolkata", field: value}  # alerts are off

    answer = alices.post("/settings/", typed)

    assert answer.status_code == 422
    form = answer.context["form"]
    assert [form[name].value() for name in ("language", "time_zone", "alerts")] == [*typed.values(), False]
    alice.refresh_from_db()
    assert (alice.time_zone, alice.alerts_new_places) == ("UTC", True)


def test_every_zone_is_one_that_python_knows(alices: Client) -> None:
    groups = [cast("time_zones.Choices", cities) for _region, cities in time_zones.choices()[1:]]
    zones = [zone for cities in groups for zone, _city in cities]

    assert len(zones) > 400
    assert {"Europe/Zurich", "Asia/Kolkata", "Europe/Kyiv", "America/New_York"} <= set(zones)
    assert "Zurich" in alices.get("/settings/").content.decode()


def test_switching_the_alerts_off_is_told_by_mail(
    alice: User, alices: Client, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    alices.post("/settings/", {"language": "en", "time_zone": "UTC"})
    alices.post("/settings/", {"language": "en", "time_zone": "UTC"})

    alice.refresh_from_db()
    assert not alice.alerts_new_places
    assert [mail.subject for mail in outbox()] == ["Mails about sign-ins from new places and browsers were turned off"]
    assert SecurityEvent.objects.filter(user=alice, slug="alerts.off").count() == 1


def test_switching_them_again_and_again_buries_no_other_mail(
    alice: User, alices: Client, outbox: Callable[[], list[EmailMultiAlternatives]], clock: TestClock
) -> None:
    """The first of each kind is told at once, the others in one mail an hour."""
    clock.advance(timedelta(minutes=16))

    for number in range(30):
        assert alices.post("/settings/", {**PRESENT, "alerts": "on" if number % 2 else ""}).status_code == 302
        outbox()
    at_once = [mail.subject for mail in outbox()]
    clock.advance(timedelta(hours=1, minutes=1))
    later = outbox()[len(at_once) :]

    off, on = (f"Mails about sign-ins from new places and browsers were turned {state}" for state in ("off", "on"))
    assert at_once == [off, on]
    assert sorted(mail.subject for mail in later) == [off, on]
    assert all("several times" in mail.body for mail in later)
    assert SecurityEvent.objects.filter(user=alice, slug__startswith="alerts.").count() == 30


def test_they_are_saved_sixty_times_an_hour(alices: Client) -> None:
    statuses = [alices.post("/settings/", {**PRESENT, "time_zone": "Asia/Tokyo"}).status_code for _ in range(61)]

    assert statuses == [302] * 60 + [429]


def test_it_needs_no_confirmation(alice: User, alices: Client, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=16))

    assert alices.post("/settings/", {**PRESENT, "time_zone": "Europe/Rome"})["Location"] == "/settings/"
    alice.refresh_from_db()
    assert alice.time_zone == "Europe/Rome"


def hour_in(page: str) -> int:
    found = re.search(r"before (\d\d):\d\d", page)
    assert found is not None
    return int(found[1])

"""A phone whose clock is wrong is told so; whoever guesses gains nothing by it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest

from audit.models import SecurityEvent
from lib import clock as portal_clock
from tests.bed.people import code_app, give_password, totp_code
from twofactor.models import TOTPDevice
from twofactor.second_factor import Devices, verify

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/login/verify/totp/"
MIDDLE_OF_A_STEP = datetime(2026, 11, 22, 16, 30, 15, tzinfo=UTC)


@pytest.fixture
def device(alice: User) -> TOTPDevice:
    return code_app(alice)


@pytest.fixture
def half(device: TOTPDevice, client: Client, clock: TestClock) -> Client:
    clock.stop(MIDDLE_OF_A_STEP)
    give_password(client, device.user)
    return client


def code_at(device: TOTPDevice, seconds: int) -> dict[str, str]:
    return {"code": totp_code(device, at=MIDDLE_OF_A_STEP + timedelta(seconds=seconds))}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-60, "about 60 seconds behind"),
        (60, "about 60 seconds ahead"),
        (-300, "about 5 minutes behind"),
        (600, "about 10 minutes ahead"),
        (-600, "about 10 minutes behind"),
    ],
)
def test_the_offset_is_measured_and_the_code_does_not_count(
    seconds: int, words: str, half: Client, device: TOTPDevice
) -> None:
    page = half.post(PAGE, code_at(device, seconds))

    assert page.status_code == 422
    assert words in page.content.decode()
    assert half.get("/2fa/").status_code == 302
    assert SecurityEvent.objects.filter(slug="second_factor.failed").count() == 1


@pytest.mark.parametrize("seconds", [-630, 630, 3600, -86400])
def test_farther_off_it_is_just_wrong(seconds: int, half: Client, device: TOTPDevice) -> None:
    page = half.post(PAGE, code_at(device, seconds)).content.decode()

    assert "clock" not in page
    assert "That code is not right." in page


def test_it_counts_against_the_budget_as_any_wrong_code(half: Client, device: TOTPDevice) -> None:
    answers = [half.post(PAGE, code_at(device, -300)).status_code for _ in range(11)]

    assert answers == [422] * 10 + [429]


def test_a_code_of_a_time_to_come_that_was_told_never_counts(
    half: Client, device: TOTPDevice, clock: TestClock
) -> None:
    told = code_at(device, 300)
    assert "ahead" in half.post(PAGE, told).content.decode()

    clock.advance(timedelta(seconds=300))

    assert half.post(PAGE, told).status_code == 422
    assert "already used" in half.post(PAGE, told).content.decode()
    clock.advance(timedelta(seconds=30))
    assert half.post(PAGE, {"code": totp_code(device)}).status_code == 302


def test_while_one_is_struck_no_other_is_told(half: Client, device: TOTPDevice) -> None:
    half.post(PAGE, code_at(device, 300))

    page = half.post(PAGE, code_at(device, 330)).content.decode()

    assert "That code is not right." in page
    device.refresh_from_db()
    assert device.struck_step == int(MIDDLE_OF_A_STEP.timestamp()) // 30 + 10


def test_a_code_that_was_used_is_not_explained_by_the_clock(half: Client, device: TOTPDevice) -> None:
    device.last_step = int(MIDDLE_OF_A_STEP.timestamp()) // 30
    device.save()

    assert "clock" not in half.post(PAGE, code_at(device, -300)).content.decode()


def test_nobody_is_told_without_the_password(device: TOTPDevice, client: Client, clock: TestClock) -> None:
    clock.stop(MIDDLE_OF_A_STEP)

    answer = client.post(PAGE, code_at(device, -300))

    assert answer["Location"] == "/login/"


def test_the_right_code_still_counts_directly_afterwards(half: Client, device: TOTPDevice) -> None:
    half.post(PAGE, code_at(device, -300))

    assert half.post(PAGE, code_at(device, 0)).status_code == 302


def test_a_set_up_says_it_too(alices: Client, clock: TestClock) -> None:
    clock.stop(portal_clock.now())
    page = alices.get("/2fa/totp/add/").content.decode()
    secret = re.sub(r"\s", "", re.search(r'id="totp-secret"[^>]*>([^<]+)<', page)[1])
    late = pyotp.TOTP(secret).at(portal_clock.now() - timedelta(minutes=4))

    refused = alices.post("/2fa/totp/add/", {"code": late, "name": "Phone"})

    assert refused.status_code == 422
    assert "about 4 minutes behind" in refused.content.decode()
    assert not TOTPDevice.objects.exists()


def test_a_step_near_the_beginning_of_time_has_no_negative_neighbours(alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    clock.stop(datetime.fromtimestamp(59, tz=UTC))

    assert device.hint("000000") == ""
    assert verify([Devices(TOTPDevice)], totp_code(device)) == device

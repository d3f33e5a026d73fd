"""When is a TOTP code right: which moment (TO-05), which digits (TO-08)?"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from django.db import connection
from django.utils import timezone

from lib import clock, crypto
from lib.crypto import CannotUnseal
from tests.bed.people import code_app, totp_code
from twofactor.models import TOTPDevice
from twofactor.second_factor import Devices, Refusal, verify, why_refused
from twofactor.timed_codes import new_secret

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


def accepted(user: User, code: str) -> bool:
    return verify([Devices(TOTPDevice, user_id=user.pk)], code) is not None


def with_rfc_secret(user: User) -> TOTPDevice:
    device = code_app(user)
    device.secret = RFC_SECRET
    device.save()
    return device


# RFC 6238 appendix B, SHA-1: the last six of its eight digits.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_rfc_6238_vectors_are_accepted(seconds: int, code: str, alice: User, clock: TestClock) -> None:
    with_rfc_secret(alice)
    clock.stop(datetime.fromtimestamp(seconds, tz=UTC))

    assert accepted(alice, code)


# RFC 4226 appendix D: the counter is the step, here the one that has just passed.
@pytest.mark.parametrize(
    ("counter", "code"),
    [
        (0, "755224"),
        (1, "287082"),
        (2, "359152"),
        (3, "969429"),
        (4, "338314"),
        (5, "254676"),
        (6, "287922"),
        (7, "162583"),
        (8, "399871"),
        (9, "520489"),
    ],
)
def test_rfc_4226_vectors_are_accepted(counter: int, code: str, alice: User, clock: TestClock) -> None:
    with_rfc_secret(alice)
    clock.stop(datetime.fromtimestamp(counter * 30 + 31, tz=UTC))

    assert accepted(alice, code)


@pytest.mark.parametrize(("steps", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_window_is_one_step_each_way(steps: int, counts: bool, alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    now = clock.stop(clock.now())

    code = totp_code(device, at=now + timedelta(seconds=30 * steps))

    assert accepted(alice, code) is counts


def test_a_code_counts_once(alice: User) -> None:
    """TO-01."""
    code = totp_code(code_app(alice))

    assert accepted(alice, code)
    assert not accepted(alice, code)
    assert why_refused([Devices(TOTPDevice, user_id=alice.pk)], code) is Refusal.ALREADY_USED


def test_an_older_code_does_not_count_after_a_newer_one(alice: User) -> None:
    device = code_app(alice)
    older, newer = (totp_code(device, at=clock.now() + timedelta(seconds=s)) for s in (-30, 0))

    assert accepted(alice, newer)
    assert not accepted(alice, older)


def test_a_clock_set_back_does_not_bring_old_codes_back(alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    code = totp_code(device)
    assert accepted(alice, code)

    clock.advance(timedelta(hours=-1))

    assert not accepted(alice, totp_code(device))
    assert not accepted(alice, code)


def test_a_clock_set_forward_takes_the_codes_of_its_own_time(alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    before = totp_code(device)
    clock.advance(timedelta(hours=1))

    assert not accepted(alice, before)
    assert accepted(alice, totp_code(device))


def test_the_hour_that_a_night_has_twice_is_not_one_hour(alice: User, clock: TestClock) -> None:
    """In Zurich it is 2:30 again an hour after it was: the code of the first time does not count at the second."""
    device = code_app(alice)
    first = clock.stop(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    code = totp_code(device)
    with timezone.override("Europe/Zurich"):
        again = clock.stop(first + timedelta(hours=1))

        assert (timezone.localtime(first).hour, timezone.localtime(again).hour) == (2, 2)
        assert not accepted(alice, code)
        assert accepted(alice, totp_code(device))


def test_each_of_two_apps_signs_in(alice: User) -> None:
    phone, tablet = code_app(alice, "Phone"), code_app(alice, "Tablet")

    assert verify([Devices(TOTPDevice, user_id=alice.pk)], totp_code(tablet)) == tablet
    assert verify([Devices(TOTPDevice, user_id=alice.pk)], totp_code(phone)) == phone


def test_an_app_that_cannot_be_read_does_not_stop_the_other_one(alice: User) -> None:
    broken, whole = code_app(alice, "Broken"), code_app(alice, "Whole")
    TOTPDevice.objects.filter(pk=broken.pk).update(sealed_secret="v1.gone.AAAA")

    assert verify([Devices(TOTPDevice, user_id=alice.pk)], totp_code(whole)) == whole


def test_last_use_is_noted(alice: User) -> None:
    device = code_app(alice)
    assert device.last_used_at is None

    accepted(alice, totp_code(device))

    device.refresh_from_db()
    assert device.last_used_at is not None
    assert clock.now() - device.last_used_at < timedelta(minutes=1)


def test_a_secret_has_160_bits_and_is_never_stored_readable(alice: User) -> None:
    device = code_app(alice)
    secret = device.secret
    raw = base64.b32decode(secret)

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM twofactor_totpdevice")
        stored = str(cursor.fetchall())

    assert len(raw) == 20
    for form in (
        secret,
        secret.lower(),
        raw.hex(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
    ):
        assert form not in stored


def test_secrets_do_not_repeat() -> None:
    assert len({new_secret() for _ in range(1000)}) == 1000


def test_a_secret_copied_to_another_persons_row_does_not_open(alice: User, bob: User) -> None:
    alices, bobs = code_app(alice), code_app(bob)
    code = totp_code(bobs)
    TOTPDevice.objects.filter(pk=alices.pk).update(sealed_secret=bobs.sealed_secret, binding=bobs.binding)

    alices.refresh_from_db()
    with pytest.raises(CannotUnseal):
        _ = alices.secret
    assert not accepted(alice, code)
    assert why_refused([Devices(TOTPDevice, user_id=alice.pk)], code) is Refusal.UNCHECKABLE


def test_a_missing_key_refuses(alice: User, settings: SettingsWrapper) -> None:
    code = totp_code(code_app(alice))

    settings.PORTAL_KEYS = "other:" + base64.b64encode(b"k" * 32).decode()

    assert not accepted(alice, code)


def test_a_secret_sealed_under_an_older_key_still_opens(alice: User, settings: SettingsWrapper) -> None:
    device = code_app(alice)
    code = totp_code(device)

    settings.PORTAL_KEYS = "newer:" + base64.b64encode(b"n" * 32).decode() + "," + settings.PORTAL_KEYS

    assert accepted(alice, code)
    assert crypto.active_key()[0] == "newer"


def test_pyotp_agrees_with_the_rfc_about_the_code_we_show(alice: User) -> None:
    device = with_rfc_secret(alice)

    assert totp_code(device, at=datetime.fromtimestamp(59, tz=UTC)) == "287082"
    assert pyotp.TOTP(RFC_SECRET).at(59) == "287082"

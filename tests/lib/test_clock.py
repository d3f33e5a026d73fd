from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from lib import clock as product_clock

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

MOMENT = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)


@pytest.fixture
def file(tmp_path: Path, settings: SettingsWrapper) -> Path:
    """The file that the clock reads in this test."""
    path = tmp_path / "clock"
    settings.PORTAL_TEST_CLOCK = str(path)
    return path


def is_about(moment: datetime, expected: datetime) -> bool:
    return abs(moment - expected) < A_SECOND


@pytest.mark.parametrize(
    "written",
    ["2031-05-06T07:08:09+00:00", "2031-05-06T07:08:09Z", "2031-05-06T07:08:09", "2031-05-06T09:08:09+02:00\n"],
)
def test_a_moment_stands_still(file: Path, written: str) -> None:
    file.write_text(written)

    assert product_clock.now() == MOMENT


@pytest.mark.parametrize(("written", "seconds"), [("+3600", 3600), ("-90", -90), ("0.5", 0.5), ("86400\n", 86_400)])
def test_seconds_are_added_to_real_time(file: Path, written: str, seconds: float) -> None:
    file.write_text(written)

    assert is_about(product_clock.now(), timezone.now() + timedelta(seconds=seconds))


def test_an_empty_file_changes_nothing(file: Path) -> None:
    file.write_text("")

    assert is_about(product_clock.now(), timezone.now())


@pytest.mark.usefixtures("file")
def test_a_missing_file_changes_nothing() -> None:
    assert is_about(product_clock.now(), timezone.now())


def test_without_the_setting_no_file_is_read(file: Path, settings: SettingsWrapper) -> None:
    file.write_text("2031-05-06T07:08:09Z")
    settings.PORTAL_TEST_CLOCK = ""

    assert is_about(product_clock.now(), timezone.now())


def test_the_time_is_aware(file: Path) -> None:
    file.write_text("2031-05-06T07:08:09")

    assert product_clock.now().utcoffset() == timedelta(0)

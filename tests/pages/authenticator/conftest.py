"""A phone with the app, beside the push service that its browser would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bed import push_service
from tests.pages.authenticator.phone import PHONE, AppPhone, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from pytest_django.fixtures import SettingsWrapper

    from tests.bed.push_service import PushService


@pytest.fixture(autouse=True)
def address(settings: SettingsWrapper, base_url: str) -> None:
    """What phones sign for, and where QR codes lead."""
    settings.SITE_URL = base_url


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service.running() as running:
        yield running


@pytest.fixture
def phone(transactional_db: None, browser: Browser, base_url: str, service: PushService) -> Iterator[AppPhone]:  # noqa: ARG001 - the server reads its rows
    context = browser.new_context(**PHONE, permissions=["notifications", "clipboard-read", "clipboard-write"])
    prepare(context, service)
    made = AppPhone(context.new_page(), base_url)
    yield made
    context.close()
    assert not made.faults

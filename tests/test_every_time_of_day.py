"""A time of day says in which zone it is, on pages as in mails."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from django.utils.html import strip_tags

from tests.accounts.mailbox import links_to
from tests.bed.people import code_app, give_password, totp_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock

TIME = re.compile(r"\b\d\d:\d\d\b")
WITH_ZONE = re.compile(r"\b\d\d:\d\d(?::\d\d)? (?:CET|CEST)\b")
PAGES = ("/security/", "/activity/", "/sessions/", "/2fa/", "/2fa/browsers/", "/secure/", "/email/", "/2fa/check-up/")


@pytest.mark.django_db
def test_on_every_page_that_shows_one(
    alice: User, outbox: Callable[[], list[EmailMultiAlternatives]], clock: TestClock
) -> None:
    clock.stop(datetime.fromisoformat("2026-11-25T08:15:00+00:00"))
    type(alice).objects.filter(pk=alice.pk).update(time_zone="Europe/Zurich")
    app, browser = code_app(alice), Client()
    give_password(browser, alice)
    browser.post("/login/verify/totp/", {"code": totp_code(app), "remember_browser": "on"})
    browser.post("/profile/", {"name": "Alice New", "country": "CH"})
    browser.post("/email/", {"email": "alice@new.example"})
    not_me = links_to("/not-me/", outbox())[-1]

    shown = {page: strip_tags(browser.get(page).content.decode()) for page in PAGES}
    shown |= {not_me: strip_tags(Client().get(not_me).content.decode())}
    shown |= {f"/2fa/totp/{app.pk}/": strip_tags(browser.get(f"/2fa/totp/{app.pk}/").content.decode())}

    bare = {page: len(TIME.findall(text)) - len(WITH_ZONE.findall(text)) for page, text in shown.items()}
    assert not {page: count for page, count in bare.items() if count}
    assert sum(bool(WITH_ZONE.search(text)) for text in shown.values()) >= 7
    assert "09:15 CET" in shown["/activity/"]


@pytest.mark.parametrize(
    ("zone", "name"),
    [("Europe/Zurich", "CET"), ("America/Sao_Paulo", "UTC-03"), ("Asia/Kolkata", "IST"), ("UTC", "UTC")],
)
@pytest.mark.django_db
def test_a_zone_without_a_name_is_called_by_its_distance(zone: str, name: str, alice: User, alices: Client) -> None:
    type(alice).objects.filter(pk=alice.pk).update(time_zone=zone)

    page = strip_tags(alices.get("/activity/").content.decode())

    assert re.search(rf"\d\d:\d\d {re.escape(name)}\b", page)


def test_no_template_shows_one_another_way() -> None:
    """But the demo's mailbox, which has seconds, and the zone."""
    bare = re.compile(r"""\|(?:time|date):["'][^"']*[HGhgPi](?![^"']*T)[^"']*["']""")
    templates = sorted((Path(settings.BASE_DIR) / "templates").glob("**/*.*"))

    assert [file.name for file in templates if bare.search(file.read_text(encoding="utf-8"))] == []

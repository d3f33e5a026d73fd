"""/login/help/ leads back to where somebody came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.bed.people import code_app, give_password

if TYPE_CHECKING:
    from accounts.user.models import User

pytestmark = pytest.mark.django_db
HELP = "/login/help/"


def links_back(browser: Client) -> list[str]:
    page = browser.get(HELP).content.decode()
    ways = ("/login/", "/login/verify/other/", "/security/")
    return [way for way in ways if f'<a href="{way}">Back to ' in page]


def test_a_visitor_goes_back_to_sign_in() -> None:
    assert links_back(Client()) == ["/login/"]


def test_a_sign_in_that_waits_is_not_lost(alice: User) -> None:
    code_app(alice)
    browser = Client()
    give_password(browser, alice)

    assert links_back(browser) == ["/login/verify/other/"]


def test_whoever_is_signed_in_goes_back_to_the_overview(alices: Client) -> None:
    assert links_back(alices) == ["/security/"]

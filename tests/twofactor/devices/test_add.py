"""/2fa/add/ and the pages it leads to: steps are announced while two-step verification is being turned on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.bed.people import code_app, sign_in
from twofactor import registry

if TYPE_CHECKING:
    from accounts.user.models import User

pytestmark = pytest.mark.django_db
PAGE = "/2fa/add/"
PAGES = [PAGE, *(method.add_url for method in registry.METHODS if not method.is_backup)]
STEP = "Save backup codes"


@pytest.mark.parametrize("path", PAGES)
def test_a_first_method_is_a_step_of_three(path: str, alices: Client) -> None:
    assert STEP in alices.get(path).content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_a_further_method_promises_no_step_that_does_not_come(path: str, alice: User) -> None:
    browser = with_a_code_app(alice)

    shown = browser.get(path)

    assert shown.status_code == 200
    assert STEP not in shown.content.decode()


def test_the_list_says_what_a_further_method_is_good_for(alices: Client, alice: User) -> None:
    first = alices.get(PAGE).content.decode()
    further = with_a_code_app(alice).get(PAGE).content.decode()

    assert "You can add more ways later." in first
    assert "You can add more ways later." not in further
    assert "If you lose one way, another still lets you in." in further


def with_a_code_app(user: User) -> Client:
    """A browser that the code app has signed in."""
    code_app(user)
    browser = Client()
    sign_in(browser, user)
    return browser

"""The pages that stand in for others: too many tries, a form that is out of date, a fault of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from playwright.sync_api import expect

from accounts.login import views
from tests.bed.browser import Watch, faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from playwright.sync_api import Browser, Page

    from accounts.user.models import User


@pytest.fixture
def page(transactional_db: None, browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:  # noqa: ARG001 - the server uses its database
    """One that may be answered by a 5xx: that is what is looked at."""
    context = browser.new_context(**browser_context_args)
    page = context.new_page()
    page.set_default_timeout(30_000)
    watch = Watch(page)
    yield page
    context.close()
    assert not [fault for fault in watch.faults if not fault.startswith("50")]


def give_wrong_password(page: Page, user: User) -> None:
    page.goto("/login/")
    page.get_by_label("Email or username").fill(user.email)
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Continue").click()


def too_many_tries(page: Page, alice: User, _monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        give_wrong_password(page, alice)
        expect(page.get_by_role("alert")).to_be_visible()
    give_wrong_password(page, alice)


def form_out_of_date(page: Page, alice: User, _monkeypatch: pytest.MonkeyPatch) -> None:
    page.goto("/login/", wait_until="networkidle")
    page.get_by_label("Email or username").fill(alice.email)
    page.context.clear_cookies()
    page.keyboard.press("Enter")


def more_than_a_form_has(page: Page, _alice: User, _monkeypatch: pytest.MonkeyPatch) -> None:
    page.goto("/login/")
    page.evaluate(
        """() => {
            const form = document.querySelector('main form');
            for (let n = 0; n < 300; n++) {
                form.append(Object.assign(document.createElement('input'), {name: `more${n}`, type: 'hidden'}));
            }
            form.submit();
        }"""
    )


def raised(error: Exception) -> Callable[[Page, User, pytest.MonkeyPatch], None]:
    def fail(*_arguments: object) -> None:
        raise error

    def visit(page: Page, _alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(views, "demo_people", fail)
        page.goto("/login/")

    return visit


ERRORS = {
    "429": (too_many_tries, "Too many tries"),
    "csrf": (form_out_of_date, "This page was open for too long"),
    "400": (more_than_a_form_has, "We couldn’t read that"),
    "403": (raised(PermissionDenied()), "This page is not for you"),
    "500": (raised(ValueError("a fault of ours")), "That went wrong on our side"),
    "503": (raised(OperationalError("the database is gone")), "Back in a moment"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_it_is_accessible_and_fits(page: Page, alice: User, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    visit, heading = ERRORS[name]
    visit(page, alice, monkeypatch)

    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    found = faults(page, f"error-{name}")
    assert not found, "\n".join(found)

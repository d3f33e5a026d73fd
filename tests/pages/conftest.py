"""A real browser on a real server; a page that complains about anything fails its test."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.bed import browser as bed
from tests.bed.keyboard import Keyboard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

# Playwright's synchronous interface keeps an event loop in this thread, and Django sees one.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
PICTURES = Path("docs/pictures")
README = Path("README.md")
expect.set_options(timeout=20_000)  # a busy machine is no fault of a page


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": bed.chromium(), "args": bed.ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "en", "timezone_id": "UTC", "reduced_motion": "reduce"}


@pytest.fixture(scope="session")
def base_url(uvicorn_url: str) -> str:
    """What page.goto("/login/") is relative to."""
    return uvicorn_url


@pytest.fixture
def page(transactional_db: None, page: Page) -> Iterator[Page]:  # noqa: ARG001 - the server reads what a test has written
    """Playwright's page; at the end nothing may stand in its console."""
    page.set_default_timeout(30_000)
    watch = bed.Watch(page)
    yield page
    assert not watch.faults


@pytest.fixture
def page_without_scripts(
    transactional_db: None,  # noqa: ARG001 - as above
    browser: Browser,
    browser_context_args: dict[str, Any],
) -> Iterator[Page]:
    """The same, with JavaScript switched off."""
    context = browser.new_context(**{**browser_context_args, "java_script_enabled": False})
    page = context.new_page()
    page.set_default_timeout(30_000)
    watch = bed.Watch(page)
    yield page
    context.close()
    assert not watch.faults


@pytest.fixture(params=["page", "page_without_scripts"])
def keyboard(transactional_db: None, request: pytest.FixtureRequest) -> Keyboard:  # noqa: ARG001 - as above
    """Somebody without a mouse; what asks for this runs twice, the second time without JavaScript."""
    return Keyboard(request.getfixturevalue(request.param), has_scripts=request.param == "page")


@pytest.fixture
def picture(page: Page) -> Callable[..., None]:
    """Call it with a name: make pictures then keeps the page as it is now: light and dark, on a phone and on a desk.

    All come into var/screens/, and those that the README shows into docs/pictures/, smaller.
    """
    shown = README.read_text(encoding="utf-8")

    def keep(name: str, of: Page = page) -> None:
        for look in bed.looks(of, widths=(390, 1440)) if bed.TAKES_PICTURES else ():
            file = bed.SCREENS / f"{name}-{look}.png"
            bed.screenshot(of, file)
            if str(PICTURES / file.name) in shown:
                bed.shrink(file, PICTURES / file.name)

    return keep

"""What holds for every page, in both themes, on a small phone, a phone and a desk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from tests.bed import pseudo
from tests.bed.browser import SCREENS, axe_violations, enter, looks, overflowing, screenshot, tab_stops, unreachable
from tests.bed.people import code_app, give_password, sign_in
from tests.bed.walk import known_of, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from accounts.user.models import User

VISITORS = ("visitor", "password given", "signed in", "signed in with a code app")
# Shown where no page of its own is.
ELSEWHERE = ("/no/such/page/",)
# Forms that show their errors when sent empty, and change nothing.
FORMS = {
    "/login/", "/signup/", "/password/forgot/", "/login/verify/totp/", "/confirm/", "/password/", "/2fa/totp/add/",
    "/email/", "/settings/delete/",
}  # fmt: skip


@dataclass(frozen=True)
class Tour:
    """A browser in the state of one visitor, and the addresses that show it a page."""

    page: Page
    paths: list[str]

    def __iter__(self) -> Iterator[str]:
        """Open one page after the other."""
        for path in self.paths:
            self.page.goto(path)
            if path.startswith("/authenticator/"):  # its scripts go on when they are loaded, and then enable buttons
                self.page.wait_for_load_state("networkidle")
            yield path


@pytest.fixture(params=VISITORS)
def tour(request: pytest.FixtureRequest, page: Page, base_url: str, alice: User) -> Tour:
    client = Client()
    known = known_of(code_app(alice)) if request.param in {"password given", "signed in with a code app"} else {}
    if request.param == "password given":
        give_password(client, alice)
    elif request.param != "visitor":
        sign_in(client, alice)
    paths = [place.path for place in places(known) if shows_a_page(client, place.path)]
    if request.param != "visitor":  # whose tour has shown the public pages already
        paths = [path for path in paths if not shows_a_page(Client(), path)]
    enter(page.context, client, base_url)
    return Tour(page, [*paths, *ELSEWHERE])


def shows_a_page(client: Client, path: str) -> bool:
    answer = client.get(path)
    return answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html")


def faults_here(page: Page, name: str) -> Iterator[str]:
    """What axe finds, and what is wider than the screen, in every look; keeps a picture of each."""
    for look in looks(page):
        yield from (f"{name} {look} is too wide: {place}" for place in overflowing(page))
        yield from (f"{name} {look} breaks {violation}" for violation in axe_violations(page))
        if not look.startswith("320"):
            screenshot(page, SCREENS / f"{name.strip('/').replace('/', '-') or 'start'}-{look}.png")


def test_it_is_accessible_and_fits(tour: Tour) -> None:
    faults = [fault for path in tour for fault in faults_here(tour.page, path)]

    assert not faults, "\n".join(faults)


def test_its_errors_are_announced_accessible_and_fit(tour: Tour) -> None:
    faults: list[str] = []
    for path in tour:
        if path in FORMS:
            tour.page.locator("main form button:not([type=button])").first.click()
            expect(tour.page).to_have_title(re.compile("^Error: "))
            faults += faults_here(tour.page, f"{path}sent-empty")

    assert not faults, "\n".join(faults)


def test_it_is_translated(tour: Tour, monkeypatch: pytest.MonkeyPatch) -> None:
    pseudo.speak(monkeypatch)
    tour.page.set_viewport_size({"width": 320, "height": 900})

    faults: list[str] = []
    for path in tour:
        texts = pseudo.untranslated(tour.page, settings.PRODUCT_NAME, "Phone")
        faults += [f"{path} shows untranslated {text}" for text in texts]
        faults += [f"{path} is too wide when translated: {place}" for place in overflowing(tour.page)]

    assert not faults, "\n".join(faults)


def test_its_controls_are_reached_by_keyboard(tour: Tour) -> None:
    faults: list[str] = []
    for path in tour:
        stops = tab_stops(tour.page)
        faults += [f"{path} hides the focus on {stop['html']}" for stop in stops if not stop["visible"]]
        faults += [f"{path} shows no focus ring on {stop['html']}" for stop in stops if not stop["ring"]]
        faults += [f"{path} names no purpose of {stop['html']}" for stop in stops if not stop["name"]]
        faults += [f"{path} keeps the keyboard from {html}" for html in unreachable(tour.page, stops)]

    assert not faults, "\n".join(faults)

"""What holds for every page, in both themes, on a small phone, a phone and a desk."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from tests.bed import pseudo
from tests.bed.browser import enter, faults, overflowing, tab_stops, unreachable
from tests.bed.people import code_app, give_password, sign_in
from tests.bed.walk import known_of, places

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
# The names of each visitor's pages. To find them takes as long as to look at them, so one test does it for the others.
SHOWN: dict[str, set[str]] = {}


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
    if request.param not in SHOWN:
        shown, public = names_of_pages(client, known), names_of_pages(Client(), known)
        SHOWN[request.param] = public if request.param == "visitor" else shown - public  # the visitor's tour has those
    paths = [place.path for place in places(known) if place.name in SHOWN[request.param]]
    enter(page.context, client, base_url)
    return Tour(page, [*paths, *ELSEWHERE])


def names_of_pages(client: Client, known: Mapping[str, object]) -> set[str]:
    return {place.name for place in places(known) if shows_a_page(client, place.path)}


def shows_a_page(client: Client, path: str) -> bool:
    answer = client.get(path)
    return answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html")


def test_it_is_accessible_and_fits(tour: Tour) -> None:
    found = [fault for path in tour for fault in faults(tour.page, path)]

    assert not found, "\n".join(found)


def test_its_errors_are_announced_accessible_and_fit(tour: Tour) -> None:
    found: list[str] = []
    for path in replace(tour, paths=[path for path in tour.paths if path in FORMS]):
        tour.page.locator("main form button:not([type=button])").first.click()
        expect(tour.page).to_have_title(re.compile("^Error: "))
        found += faults(tour.page, f"{path}sent-empty")

    assert not found, "\n".join(found)


def test_it_is_translated(tour: Tour, monkeypatch: pytest.MonkeyPatch) -> None:
    pseudo.speak(monkeypatch)
    tour.page.set_viewport_size({"width": 320, "height": 900})

    found: list[str] = []
    for path in tour:
        texts = pseudo.untranslated(tour.page, settings.PRODUCT_NAME, "Phone")
        found += [f"{path} shows untranslated {text}" for text in texts]
        found += [f"{path} is too wide when translated: {place}" for place in overflowing(tour.page)]

    assert not found, "\n".join(found)


def test_its_controls_are_reached_by_keyboard(tour: Tour) -> None:
    found: list[str] = []
    for path in tour:
        stops = tab_stops(tour.page)
        found += [f"{path} hides the focus on {stop['html']}" for stop in stops if not stop["visible"]]
        found += [f"{path} shows no focus ring on {stop['html']}" for stop in stops if not stop["ring"]]
        found += [f"{path} names no purpose of {stop['html']}" for stop in stops if not stop["name"]]
        found += [f"{path} keeps the keyboard from {html}" for html in unreachable(tour.page, stops)]

    assert not found, "\n".join(found)

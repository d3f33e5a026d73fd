"""Uses a page as people do who have no mouse: Tab, arrows, Space, Enter and letters, and every stop must be seen.

Works with JavaScript switched off, too. Controls are named as a screen reader says them, or by a pattern of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.bed.browser import CONTROLS, FOCUSED, START_AT_THE_TOP

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_STOPS = 120
MOST_CHOICES = 40
FIELDS = ("<input", "<select", "<textarea")
CONTROLS_TO_PRESS = ("<a", "<button", "<summary")

Name = str | re.Pattern[str]


@dataclass(frozen=True)
class Keyboard:
    """A person at the keyboard in front of a page."""

    page: Page
    has_scripts: bool = True

    def sees(self, heading: str) -> None:
        """Wait for the page with this title on top. Call it after whatever opens a page."""
        expect(self.page.get_by_role("heading", level=1, name=heading, exact=True)).to_be_visible()

    def press(self, name: Name) -> None:
        """A button, a link or something that folds: go there, then Enter."""
        self.go_to(name, among=CONTROLS_TO_PRESS)
        self.enter()

    def tick(self, name: Name) -> None:
        self.go_to(name, among=FIELDS)
        self.page.keyboard.press("Space")

    def type(self, name: Name, text: str) -> None:
        """Replace what stands in a field."""
        self.go_to(name, among=FIELDS)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def type_code(self, name: Name, code: str) -> None:
        """A code that sends itself with its last digit, where scripts run."""
        self.type(name, code)
        if not self.has_scripts:
            self.enter()

    def choose(self, name: Name, *, among: Name) -> None:
        """One of several radio buttons: Tab reaches the one that is set (among is its name), arrows the others."""
        self.go_to(among, among=FIELDS)
        for _ in range(MOST_CHOICES):
            focused = self.focused()
            if focused is not None and is_called(focused, name):
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no choice is called {name}")

    def enter(self) -> None:
        """Press what has the focus, or send the form of the field that has it."""
        self.page.keyboard.press("Enter")

    def go_to(self, name: Name, *, among: tuple[str, ...] = ()) -> None:
        """Tab from the top of the page to the control of this name: a link may be called like a field."""
        self.page.evaluate(CONTROLS)
        self.page.evaluate(START_AT_THE_TOP)
        passed: list[str] = []
        for _ in range(MOST_STOPS):
            self.page.keyboard.press("Tab")
            focused = self.focused()
            if focused is None:
                break
            if is_called(focused, name) and focused["html"].startswith(among or "<"):
                return
            passed.append(one_line(focused["name"]))
        raise AssertionError(f"Tab does not reach {name} on {self.page.url}, only {passed}")

    def focused(self) -> dict[str, Any] | None:
        """What has the focus; fails if a person could not see that it has."""
        focused: dict[str, Any] | None = self.page.evaluate(FOCUSED)
        if focused is not None:
            assert focused["visible"], f"the focus is hidden on {focused['html']}"
            assert focused["ring"], f"there is no focus ring on {focused['html']}"
        return focused


def is_called(focused: dict[str, Any], name: Name) -> bool:
    said = one_line(focused["name"])
    return said == name if isinstance(name, str) else name.search(said) is not None


def one_line(text: str) -> str:
    return " ".join(text.split())

"""What every page must be in a real browser: silent, reachable by everybody, and no wider than the screen."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from axe_playwright_python.sync_playwright import Axe
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.test import Client
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

# What Playwright switches off (of two lists the last counts), and what a window on a screen would need, for every test
# anew: two pages behind the address bar, and a process in reserve. They took half of what a new context costs.
SWITCHED_OFF = """
    AimEnabled AvoidCorsURLLoaderRestartOnRedirect AvoidUnnecessaryBeforeUnloadCheckSync DestroyProfileOnBrowserClose
    HttpsFirstBalancedModeAutoEnable HttpsUpgrades LensOverlay MediaRouter NetworkTimeServiceQuerying OptimizationHints
    PaintHolding PreconnectToSearch TcpPortRandomizationWin ThirdPartyStoragePartitioning
    WebUIOmniboxPopup WebUIOmniboxAimPopup SpareRendererForSitePerProcess
"""
ARGUMENTS = [
    f"--disable-features={','.join(SWITCHED_OFF.split())}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
]
WIDTHS = (320, 390, 1440)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HEIGHT = 900
SCREENS = Path("var/screens")
TAKES_PICTURES = "PICTURES" in os.environ  # make pictures
# axe's rules for WCAG 2.2 A and AA, and its best practices; and those of them that another theme or width can break.
AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
AXE_OPTIONS_OF_LOOKS = AXE_OPTIONS | {"runOnly": ["color-contrast", "target-size", "link-in-text-block"]}
LOOKS_WITH_ALL_RULES = {"320-light", "1440-dark"}  # a page's two layouts, and both themes
# The browser's note on any 4xx, which on_response judges.
NOTES = ("Failed to load resource",)


def chromium() -> str:
    """The system's browser."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise FileNotFoundError("no chromium: tests/packages installs it")
    return found


class Watch:
    """Notes everything a page complains about: console messages, CSP violations, exceptions, missing files."""

    def __init__(self, page: Page) -> None:
        self.faults: list[str] = []
        page.on("console", self.on_console)
        page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        page.on("response", self.on_response)

    def on_console(self, message: ConsoleMessage) -> None:
        if not message.text.startswith(NOTES):
            self.faults.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def on_response(self, response: Response) -> None:
        is_page = response.request.is_navigation_request()
        if response.status >= (500 if is_page else 400):
            self.faults.append(f"{response.status} for {response.url}")


def enter(context: BrowserContext, client: Client, url: str) -> None:
    """Give the browser the cookies of a test client that signed in through the front door."""
    context.add_cookies([{"name": name, "value": morsel.value, "url": url} for name, morsel in client.cookies.items()])


def looks(page: Page, widths: Sequence[int] = WIDTHS) -> Iterator[str]:
    """Every theme at every width, switched in place: the page is loaded once. Names each look."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            yield f"{width}-{theme}"


def axe_violations(page: Page, options: dict[str, Any] = AXE_OPTIONS) -> list[str]:
    """One line for each rule that is broken, with the first place."""
    if not page.evaluate("'axe' in window"):  # it is large: once a page is enough
        page.evaluate(Axe().axe_script)
    results: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{rule['id']}: {rule['help']} at {rule['nodes'][0]['target']} {rule['nodes'][0]['html'][:200]}"
        for rule in results["violations"]
    ]


OVERFLOWING = """() => {
    const screen = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= screen) return [];
    return [...document.body.querySelectorAll('*')]
        .filter(e => e.getBoundingClientRect().right > screen + 0.5 && getComputedStyle(e).position !== 'fixed')
        .map(e => `${e.tagName.toLowerCase()}.${e.className}: ${(e.textContent || '').trim().slice(0, 60)}`);
}"""


def overflowing(page: Page) -> list[str]:
    """The elements that make the page scroll sideways."""
    found: list[str] = page.evaluate(OVERFLOWING)
    return found


# What scrolls is meant to, as the menu is. A line of text may be a little higher than its box.
BURSTING = """() => {
    const bursts = e => {
        const style = getComputedStyle(e), line = parseFloat(style.fontSize);
        if (style.overflowY === 'auto' || !e.clientWidth) return false;
        return e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + line / 3;
    };
    return [...document.body.querySelectorAll('*:not(svg, svg *, .skip)')]
        .filter(e => !e.closest('.sr, .nav') && e.checkVisibility() && bursts(e))
        .map(e => `${e.tagName.toLowerCase()}.${e.className}: ${(e.textContent || '').trim().slice(0, 60)}`);
}"""
ENLARGE = """is => {
    document.documentElement.style.fontSize = is ? '200%' : '';
    // Lines that are larger than their box.
    document.querySelectorAll('.guil').forEach(drawing => drawing.toggleAttribute('hidden', is));
}"""


def bursting(page: Page) -> list[str]:
    """Where words do not fit their box, with text twice as large as usual: a setting of browsers and phones (1.4.4)."""
    page.evaluate(ENLARGE, True)  # noqa: FBT003
    found: list[str] = []
    for width in WIDTHS[1:]:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        found += [f"{width} is too wide: {place}" for place in overflowing(page)]
        found += [f"{width} bursts {place}" for place in page.evaluate(BURSTING)]
    page.evaluate(ENLARGE, False)  # noqa: FBT003
    return found


def faults(page: Page, name: str = "") -> list[str]:
    """What is wider than the screen, and what axe finds, in every look; a page with a name is kept as a picture."""
    found: list[str] = []
    for look in looks(page):
        found += [f"{name or page.url} {look} is too wide: {place}" for place in overflowing(page)]
        options = AXE_OPTIONS if look in LOOKS_WITH_ALL_RULES else AXE_OPTIONS_OF_LOOKS
        found += [f"{name or page.url} {look} breaks {violation}" for violation in axe_violations(page, options)]
        if name and not look.startswith("320"):
            screenshot(page, SCREENS / f"{name.strip('/').replace('/', '-') or 'start'}-{look}.png")
    found += [f"{name or page.url} with larger text at {place}" for place in bursting(page)]
    return found


# How a control is told from others: its place in the document.
CONTROLS = """() => {
    const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')];
    return all.map((e, place) => {
        e.dataset.place = place;
        const shown = e.checkVisibility({visibilityProperty: true}) && !e.disabled && e.tabIndex >= 0 && !e.inert;
        // Of a group of radio buttons the keyboard reaches one; arrows move inside.
        const skipped = (e.type === 'radio' && !e.checked) || e.type === 'hidden';
        return shown && !skipped ? {place: String(place), html: e.outerHTML.slice(0, 160)} : null;
    }).filter(Boolean);
}"""
FOCUSED = """() => {
    const e = document.activeElement;
    if (!e || e === document.body || !e.dataset.place) return null;
    // A radio button drawn by its label shows its focus there.
    const drawn = e.type === 'radio' ? e.closest('label') ?? e : e;
    const style = getComputedStyle(drawn);
    const label = e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent || e.title || '';
    return {
        place: e.dataset.place,
        name: label.trim(),
        html: e.outerHTML.slice(0, 160),
        visible: drawn.checkVisibility({visibilityProperty: true, opacityProperty: true}),
        ring: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none',
    };
}"""

START_AT_THE_TOP = """() => {
    document.body.tabIndex = -1;
    document.body.focus();  // a field with autofocus would be the start otherwise
    document.body.removeAttribute('tabindex');
}"""


def tab_stops(page: Page, limit: int = 100) -> list[dict[str, Any]]:
    """What the Tab key reaches from the top of the page, in order, until it comes round."""
    page.evaluate(CONTROLS)
    page.evaluate(START_AT_THE_TOP)
    stops: list[dict[str, Any]] = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None or focused["place"] in {stop["place"] for stop in stops}:
            break
        stops.append(focused)
    return stops


def unreachable(page: Page, stops: list[dict[str, Any]]) -> list[str]:
    """The visible controls that are not among the stops."""
    reached = {stop["place"] for stop in stops}
    return [control["html"] for control in page.evaluate(CONTROLS) if control["place"] not in reached]


def screenshot(page: Page, file: Path) -> None:
    """Keep it as it is now, for whoever wants to look at pictures: nothing is asserted about them."""
    if not TAKES_PICTURES:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file, full_page=True, animations="disabled", caret="hide")


def shrink(picture: Path, into: Path) -> None:
    """The same in the 256 colours that are furthest apart: a third of the bytes, and no eye sees it."""
    Image.open(picture).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(into, optimize=True)

"""The app itself: how it is installed, what it keeps, how it looks at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.bed import browser as bed
from tests.pages.authenticator.phone import PHONE, AppPhone, look_at

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Playwright

    from accounts.user.models import User


@pytest.mark.usefixtures("transactional_db")
def test_it_can_be_installed(playwright: Playwright, base_url: str, tmp_path: Path) -> None:
    context = playwright.chromium.launch_persistent_context(
        str(tmp_path / "profile"), executable_path=bed.chromium(), args=bed.ARGUMENTS, locale="en"
    )
    phone = AppPhone(context.new_page(), base_url)
    phone.open()
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    session = context.new_cdp_session(phone.page)

    manifest: dict[str, Any] = session.send("Page.getAppManifest")
    errors: dict[str, Any] = session.send("Page.getInstallabilityErrors")

    assert manifest["errors"] == []
    assert errors["installabilityErrors"] == []
    context.close()


def test_the_service_worker_keeps_the_app_and_nothing_of_a_person(phone: AppPhone, alice: User) -> None:
    phone.link_here(alice)
    phone.open()
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    kept: list[str] = phone.page.evaluate("""async () => {
        const names = await caches.keys();
        const requests = await Promise.all(names.map(async name => (await caches.open(name)).keys()));
        return requests.flat().map(({url}) => url);
    }""")
    shell: str = phone.page.evaluate("caches.match('/authenticator/').then(kept => kept.text())")

    paths = {url.removeprefix(phone.base_url) for url in kept}
    assert "/authenticator/" in paths
    assert all(path.startswith("/static/") or path in {"/authenticator/", "/manifest.webmanifest"} for path in paths)
    assert alice.email not in shell
    assert "csrfmiddlewaretoken" not in shell


def test_its_keys_cannot_be_read(phone: AppPhone, alice: User) -> None:
    phone.link_here(alice)

    readable: list[bool] = phone.page.evaluate("""() => new Promise(done => {
        indexedDB.open('authenticator').onsuccess = ({target}) => {
            target.result.transaction('accounts').objectStore('accounts').getAll().onsuccess = ({target}) => {
                const [{key, code}] = target.result;
                done([key.extractable, code.extractable]);
            };
        };
    })""")

    assert readable == [False, False]


@pytest.mark.parametrize(
    ("agent", "shown", "hidden"),
    [
        ("iPhone; CPU iPhone OS 17_2 like Mac OS X", "Tap Add to Home Screen", "Update iOS to 16.4"),
        ("iPhone; CPU iPhone OS 16_3 like Mac OS X", "Update iOS to 16.4", "Tap Install app"),
        ("Linux; Android 15; Pixel 8", "Tap Install app", "Tap Add to Home Screen"),
    ],
    ids=["iOS", "old iOS", "Android"],
)
@pytest.mark.usefixtures("transactional_db")
def test_the_way_onto_the_home_screen_is_that_of_the_phone(
    browser: Browser, base_url: str, agent: str, shown: str, hidden: str
) -> None:
    context = browser.new_context(**PHONE, user_agent=f"Mozilla/5.0 ({agent}) AppleWebKit/605.1.15")
    phone = AppPhone(context.new_page(), base_url)
    phone.open("install/")

    expect(phone.page.get_by_text(shown)).to_be_visible()
    expect(phone.page.get_by_text(hidden)).to_be_hidden()
    look_at(phone, f"install-{agent[:6].strip(';').lower()}-{'old' if '16_3' in agent else 'new'}")
    context.close()


def test_settings_and_requests_at_rest(phone: AppPhone, alice: User) -> None:
    phone.link_here(alice)
    phone.follow("Done")
    phone.follow("Requests")
    expect(phone.page.get_by_text("No requests. They’ll appear here and as a notification.")).to_be_visible()
    look_at(phone, "requests")
    phone.follow("Settings")
    expect(phone.page.get_by_text("Notifications are on.")).to_be_visible()
    look_at(phone, "settings")


@pytest.mark.parametrize(
    ("agent", "is_apart"),
    [("iPhone; CPU iPhone OS 17_2 like Mac OS X", True), ("Linux; Android 15; Pixel 8", False)],
    ids=["iOS", "Android"],
)
@pytest.mark.usefixtures("transactional_db")
def test_where_browser_and_home_screen_share_nothing_installing_comes_first(
    browser: Browser, base_url: str, alice: User, agent: str, *, is_apart: bool
) -> None:
    context = browser.new_context(**PHONE, user_agent=f"Mozilla/5.0 ({agent}) AppleWebKit/605.1.15")
    phone = AppPhone(context.new_page(), base_url)
    phone.open()
    first = phone.page.locator('[data-view="welcome"] .btn:visible').first
    expect(first).to_have_text("Put Sallyport on your phone" if is_apart else "Log in from this phone")
    expect(phone.page.get_by_role("link", name="Put Sallyport on your phone")).to_have_count(1)
    look_at(phone, f"welcome-{'ios' if is_apart else 'android'}")

    phone.follow("Log in from this phone")
    phone.log_in(alice)

    expect(phone.page.get_by_text("the two don’t share accounts")).to_be_visible(visible=is_apart)
    look_at(phone, f"allow-{'ios' if is_apart else 'android'}")
    context.close()

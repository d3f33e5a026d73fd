"""The page that waits for the phone, as it looks in each state, and what becomes of it when its stream goes away."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from accounts.login.models import LoginAttempt
from tests.bed import browser as bed
from tests.bed import push_service, servers
from tests.pages.authenticator.phone import give_password, type_password
from tests.twofactor.methods.push.phones import PAGE, another, linked_phone, waiting

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.phone import Phone

EVENTS = "**/login/verify/push/events/"


@pytest.fixture
def phone(transactional_db: None, alice: User) -> Phone:  # noqa: ARG001 - the server reads its rows
    return linked_phone(alice)


def look_at(page: Page, name: str) -> None:
    """Keep it in both themes and widths; nothing of it is inaccessible or too wide."""
    found = bed.faults(page, f"waiting-{name}")
    assert not found, "\n".join(found)


def button(page: Page, name: str) -> None:
    expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()


# ── What it says ──
def test_it_waits_and_gives_a_hint_and_a_warning(page: Page, phone: Phone, alice: User) -> None:
    page.clock.install()
    number = give_password(page, alice)
    assert phone.pending()

    expect(page.get_by_role("img", name=f"Number to enter: {number[0]} {number[1]}")).to_be_visible()
    button(page, "I’ve approved it")
    button(page, "Send again")
    hint = page.get_by_text("Nothing on your phone? Open the Sallyport app, the request is waiting there.")
    half = page.get_by_text("30 seconds left.")
    expect(hint).to_be_hidden()
    look_at(page, "waiting")

    page.clock.fast_forward(31_000)
    expect(hint).to_be_visible()
    expect(half).to_be_hidden()
    look_at(page, "hint")

    page.clock.fast_forward(60_000)
    expect(half).to_be_visible()
    look_at(page, "half")


def test_a_push_that_does_not_leave(page: Page, alice: User, transactional_db: None) -> None:  # noqa: ARG001 - as above
    with push_service.running() as gone:
        linked_phone(alice, gone)
    give_password(page, alice)

    expect(page.get_by_text("We can’t reach your phone right now.")).to_be_visible(timeout=15_000)
    look_at(page, "delayed")


def test_a_blocked_sign_in(page: Page, phone: Phone, alice: User) -> None:
    give_password(page, alice)
    phone.no(phone.pending()[0])

    expect(page.get_by_text("This sign-in was blocked on your phone.")).to_be_visible()
    expect(page.get_by_role("button", name="Send again")).to_be_hidden()
    expect(page.get_by_role("link", name="That was a mistake")).to_have_attribute("href", "/login/verify/other/")
    look_at(page, "denied")
    page.reload()
    expect(page.get_by_text("This sign-in was blocked on your phone.")).to_be_visible()
    look_at(page, "denied-reloaded")


def test_a_wrong_number(page: Page, phone: Phone, alice: User) -> None:
    number = give_password(page, alice)
    phone.yes(phone.pending()[0], another(number))

    expect(page.get_by_text("Your phone sent a different number. Start again.")).to_be_visible()
    button(page, "Send again")
    expect(page.get_by_role("button", name="I’ve approved it")).to_be_hidden()
    look_at(page, "wrong-number")
    page.reload()
    button(page, "Send again")
    look_at(page, "wrong-number-reloaded")


def test_a_number_that_ran_out(page: Page, phone: Phone, alice: User, clock: TestClock) -> None:
    give_password(page, alice)
    [first] = phone.pending()

    clock.advance(timedelta(seconds=121))

    expect(page.get_by_text("The number ran out.")).to_be_visible()
    button(page, "Send a new one")
    look_at(page, "expired")
    page.reload()
    button(page, "Send a new one")
    look_at(page, "expired-reloaded")
    page.get_by_role("button", name="Send a new one").click()
    expect(page).to_have_title(re.compile("^New number: "))
    number = page.locator(".plate b").inner_text()  # one time in ninety it is the same again
    assert page.title().startswith(f"New number: {number}")
    [second] = phone.pending()
    assert second["id"] != first["id"]
    assert phone.yes(second, number).status == 200


def test_an_approval_without_scripts(page_without_scripts: Page, phone: Phone, alice: User) -> None:
    page = page_without_scripts
    number = give_password(page, alice)
    page.get_by_role("button", name="I’ve approved it").click()
    expect(page.get_by_text("Not approved yet. Check your phone, then press again.")).to_be_visible()

    phone.yes(phone.pending()[0], number)

    page.goto(PAGE)
    expect(page.get_by_text("Approved. Signing you in.")).to_be_visible()
    bed.screenshot(page, bed.SCREENS / "waiting-approved-1440-light.png")
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile(r"/security/$"))


def test_another_browsers_request_is_open(page: Page, phone: Phone, alice: User) -> None:
    waiting(alice, REMOTE_ADDR="198.51.100.7")
    assert phone.pending()

    type_password(page, alice)

    expect(page.get_by_text("Another sign-in is waiting on your phone.")).to_be_visible()
    expect(page.get_by_role("link", name="Enter the 6-digit code from the app")).to_be_visible()
    look_at(page, "busy")


# ── When its stream goes away ──
def arrives(page: Page, path: str) -> None:
    """Whole: a page whose requests are routed has no cache, and a file that was half sent would stay open."""
    expect(page).to_have_url(re.compile(f"{path}$"))
    page.wait_for_load_state()


def test_it_waits_on_while_the_server_it_listens_to_is_replaced(
    page: Page, base_url: str, phone: Phone, alice: User
) -> None:
    asked: list[str] = []

    def behind_the_proxy(route: Route) -> None:
        asked.append(servers_now[0])
        route.continue_(url=f"{servers_now[0]}{PAGE}events/")

    page.route(EVENTS, behind_the_proxy)
    with servers.streams_running(grace=60) as old:
        servers_now = [old.url]
        with page.expect_response(EVENTS):
            number = give_password(page, alice)
        servers_now = [base_url]
        old.process.terminate()
        old.process.wait(60)
    with page.expect_response(EVENTS):
        assert asked[0] == old.url

    phone.yes(phone.pending()[0], number)

    arrives(page, "/security/")
    assert asked[-1] == base_url


def test_it_moves_on_while_nobody_serves_streams(context: BrowserContext, phone: Phone, alice: User) -> None:
    page = context.new_page()  # not one that must stay silent: the browser notes each stream that it is refused
    refused: list[str] = []

    def nobody(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=502)

    page.route(EVENTS, nobody)
    number = give_password(page, alice)
    page.evaluate("document.body.dataset.same = 'yes'")
    for _ in range(100):
        if len(refused) > 1:
            break
        page.wait_for_timeout(100)
    assert len(refused) > 1, "it asks again"
    assert page.evaluate("document.body.dataset.same") == "yes", "and is not loaded anew under its reader's hands"

    phone.yes(phone.pending()[0], number)

    arrives(page, "/security/")


def test_it_leads_away_when_its_sign_in_is_over(context: BrowserContext, phone: Phone, alice: User) -> None:
    page = context.new_page()
    page.route(EVENTS, lambda route: route.fulfill(status=404))
    give_password(page, alice)
    assert phone.pending()

    LoginAttempt.objects.filter(user=alice).update(state=LoginAttempt.State.ABANDONED)

    arrives(page, "/login/")

"""The authenticator app in a browser: linking, approving, blocking, codes without a connection."""

from __future__ import annotations

import base64
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from lib import clock as portal_clock
from messaging import vapid
from messaging.actions import deliver, sweep
from messaging.models import PushSubscription
from tests.bed import browser as bed
from tests.bed import camera, push_service
from tests.bed.people import PASSWORD
from tests.pages.authenticator import CLOCK_AHEAD, AppPhone, give_password, message_to, prepare, type_password
from twofactor.methods.push.models import PushDevice, PushRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page, Playwright
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.push_service import PushService

PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "en", "timezone_id": "UTC", "reduced_motion": "reduce"}
WIDTHS = (360, 390)


@pytest.fixture(autouse=True)
def address(settings: SettingsWrapper, base_url: str) -> None:
    """What phones sign for, and where QR codes lead."""
    settings.SITE_URL = base_url


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service.running() as running:
        yield running


@pytest.fixture
def phone(transactional_db: None, browser: Browser, base_url: str, service: PushService) -> Iterator[AppPhone]:  # noqa: ARG001 - as above
    context = browser.new_context(**PHONE, permissions=["notifications", "clipboard-read", "clipboard-write"])
    prepare(context, service)
    made = AppPhone(context.new_page(), base_url)
    yield made
    context.close()
    assert not made.faults


def look_at(phone: AppPhone, name: str) -> None:
    """Keep it in both themes and widths; nothing of it is inaccessible or too wide."""
    faults: list[str] = []
    for look in bed.looks(phone.page, WIDTHS):
        faults += [f"{name} {look} is too wide: {place}" for place in bed.overflowing(phone.page)]
        if look.startswith(str(WIDTHS[0])):  # what is found beyond is a matter of colours, not of 30 pixels
            faults += [f"{name} {look} breaks {violation}" for violation in bed.axe_violations(phone.page)]
        bed.screenshot(phone.page, bed.SCREENS / f"authenticator-{name}-{look}.png")
    phone.page.set_viewport_size(PHONE["viewport"])
    assert not faults, "\n".join(faults)


def oathtool(secret: str, at: float) -> str:
    moment = f"@{int(at)}"
    command = ["oathtool", "--totp", "--base32", f"--now={moment}", secret]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


# ── Approving ──
def test_a_push_wakes_the_phone_and_its_number_lets_the_computer_in(
    page: Page, phone: AppPhone, service: PushService, alice: User, picture: Callable[..., None]
) -> None:
    phone.link_here(alice)
    phone.open("settings/")  # elsewhere in the app: nothing moves by itself there

    number = give_password(page, alice)
    picture("push")
    message = message_to(service)
    phone.wake(message)
    [shown] = phone.notifications()

    assert set(message) == {"v", "id"}
    assert shown["title"] == "Sign-in request"
    assert alice.email not in str(shown)
    assert number not in str(shown)
    assert shown["actions"] == ["No, block it"]
    phone.open(f"request/{shown['id']}/")
    phone.heading("Is this you signing in?")
    look_at(phone, "request")
    picture("push-request", phone.page)
    phone.page.set_viewport_size(PHONE["viewport"])
    phone.press("Yes, it’s me")
    look_at(phone, "number")
    phone.type_number(number)
    phone.heading("You're signed in on Chrome.")
    look_at(phone, "approved")
    expect(page).to_have_url("/security/", timeout=15_000)
    assert phone.page.evaluate("navigator.serviceWorker.getRegistration().then(r => r.getNotifications())") == []


def test_the_open_app_needs_no_notification(page: Page, phone: AppPhone, alice: User) -> None:
    phone.link_here(alice)
    phone.follow("Done")

    number = give_password(page, alice)

    phone.heading("Is this you signing in?")
    phone.page.keyboard.press("Tab")
    expect(phone.page.get_by_role("button", name="Yes, it’s me")).to_be_focused()
    phone.page.keyboard.press("Enter")
    expect(phone.page.locator("#number")).to_be_focused()
    phone.page.keyboard.type(number)
    phone.heading("You're signed in on Chrome.")
    expect(page).to_have_url("/security/", timeout=15_000)


def test_a_wrong_number_stops_the_request(page: Page, phone: AppPhone, alice: User) -> None:
    phone.link_here(alice)
    phone.follow("Done")
    number = give_password(page, alice)
    phone.heading("Is this you signing in?")

    phone.press("Yes, it’s me")
    phone.type_number(str(10 + (int(number) - 9) % 90))

    phone.heading("That number doesn't match. The request was stopped.")
    look_at(phone, "wrong-number")
    expect(page.get_by_text("Your phone sent a different number.")).to_be_visible(timeout=15_000)


def test_no_is_one_tap_and_its_reason_comes_after(page: Page, phone: AppPhone, alice: User) -> None:
    phone.link_here(alice)
    phone.follow("Done")
    give_password(page, alice)
    phone.heading("Is this you signing in?")

    phone.press("No, block it")

    phone.heading("Blocked. Did someone else try to get in?")
    expect(page.get_by_text("This sign-in was blocked on your phone.")).to_be_visible(timeout=15_000)
    look_at(phone, "blocked")
    phone.press("It was me, by mistake")
    phone.heading("All right.")
    assert PushRequest.objects.get(user=alice).reason == PushRequest.Reason.MISTAKE


def test_the_notification_alone_blocks_it(page: Page, phone: AppPhone, service: PushService, alice: User) -> None:
    phone.link_here(alice)
    phone.open("settings/")
    give_password(page, alice)
    phone.wake(message_to(service))
    [shown] = phone.notifications()

    phone.tap_on_notification("no")

    expect(page.get_by_text("This sign-in was blocked on your phone.")).to_be_visible()
    [left] = phone.notifications()
    assert (left["title"], left["id"], left["actions"]) == ("Blocked", shown["id"], [])
    phone.open(f"request/{shown['id']}/")
    phone.heading("Blocked. Did someone else try to get in?")


def test_a_tap_on_the_notification_opens_the_closed_app(
    page: Page, phone: AppPhone, service: PushService, alice: User
) -> None:
    phone.link_here(alice)
    phone.page.goto(f"{phone.base_url}/security/")
    number = give_password(page, alice)
    message = message_to(service)
    phone.wake(message)

    done = phone.tap_on_notification()

    assert done == {"opened": [f"/authenticator/request/{message['id']}/"], "focused": []}
    phone.open(done["opened"][0].removeprefix("/authenticator/"))
    phone.heading("Is this you signing in?")
    phone.press("Yes, it’s me")
    phone.type_number(number)
    expect(page).to_have_url("/security/", timeout=15_000)


def test_a_tap_on_the_notification_leads_the_open_app_there(
    page: Page, phone: AppPhone, service: PushService, alice: User
) -> None:
    phone.link_here(alice)
    phone.open("settings/")
    give_password(page, alice)
    message = message_to(service)
    phone.wake(message)

    done = phone.tap_on_notification()

    assert done == {"opened": [], "focused": [f"{phone.base_url}/authenticator/settings/"]}
    phone.heading("Is this you signing in?")
    assert phone.page.url == f"{phone.base_url}/authenticator/request/{message['id']}/"


def test_a_tap_on_the_notification_is_not_lost_on_a_page_beside_the_app(
    page: Page, phone: AppPhone, service: PushService, alice: User
) -> None:
    """No script on it would follow."""
    phone.link_here(alice)
    phone.page.goto(f"{phone.base_url}/authenticator/language/")
    give_password(page, alice)
    message = message_to(service)
    phone.wake(message)

    done = phone.tap_on_notification()

    assert done == {"opened": [f"/authenticator/request/{message['id']}/"], "focused": []}


@pytest.mark.parametrize("is_brought", [False, True], ids=["asked for", "brought"])
def test_the_next_push_goes_to_where_the_browser_has_moved_its_subscription(
    page: Page, phone: AppPhone, service: PushService, alice: User, *, is_brought: bool
) -> None:
    phone.link_here(alice)
    phone.page.goto(f"{phone.base_url}/authenticator/language/")  # the app itself is closed

    phone.get_another_subscription(service.subscription("/push/2"), is_brought=is_brought)

    give_password(page, alice)
    message_to(service)
    assert [push.path for push in service.taken] == ["/push/2"]
    assert [one.endpoint for one in PushSubscription.objects.all()] == [f"{service.origin}/push/2"]


def test_a_subscription_that_was_moved_unheard_is_mended_when_the_app_is_opened(
    phone: AppPhone, service: PushService, alice: User
) -> None:
    phone.link_here(alice)
    phone.page.evaluate("given => (localStorage.subscribed = JSON.stringify(given))", service.subscription("/push/3"))

    with phone.page.expect_response("**/subscription"):
        phone.open()

    assert [one.endpoint for one in PushSubscription.objects.all()] == [f"{service.origin}/push/3"]


def test_with_another_key_of_the_portal_the_phone_subscribes_anew(
    page: Page, phone: AppPhone, service: PushService, settings: SettingsWrapper, *, alice: User
) -> None:
    """PU-12: the push service refuses the new key, since the subscription is for the old one."""
    phone.link_here(alice)
    settings.VAPID_PRIVATE_KEY = push_service.as_text(bytes([1] * 32))
    service.status = 403
    give_password(page, alice)
    sweep(deliver)

    with phone.page.expect_response("**/subscription"):
        phone.open()

    subscribed_for = phone.page.evaluate("localStorage.subscribedFor")
    assert base64.b64decode(subscribed_for) == push_service.as_bytes(vapid.public_key())
    service.status = 201
    page.get_by_role("button", name="Send again").click()
    message_to(service)


def test_whoever_sees_no_number_blocks_it_and_changes_the_password(page: Page, phone: AppPhone, alice: User) -> None:
    phone.link_here(alice)
    phone.follow("Done")
    give_password(page, alice)
    phone.heading("Is this you signing in?")

    phone.press("Yes, it’s me")
    phone.press("I don’t see a number")
    phone.heading("Then this isn’t your sign-in. Block it?")
    look_at(phone, "no-number")
    phone.press("No, block it")
    phone.press("Change my password")

    phone.heading("That sign-in has ended. Change your password now.")
    look_at(phone, "not-me")
    expect(phone.page.get_by_role("link", name="Change my password")).to_have_attribute("href", "/password/")
    assert PushRequest.objects.get(user=alice).reason == PushRequest.Reason.NOT_ME


def test_a_request_that_ran_out_says_so(page: Page, phone: AppPhone, alice: User, clock: TestClock) -> None:
    phone.link_here(alice)
    phone.follow("Done")
    give_password(page, alice)
    phone.heading("Is this you signing in?")

    clock.advance(timedelta(seconds=121))

    phone.heading("This request ran out. Start again on the sign-in screen.")


# ── Linking ──
def test_a_pairing_code_and_two_digits_link_a_phone(page: Page, phone: AppPhone, alice: User) -> None:
    give_password_without_method(page, alice)
    page.goto("/2fa/push/add/")
    code = page.locator("#pairing-code").inner_text()
    phone.open()
    look_at(phone, "welcome")
    phone.follow("Log in from a computer")
    look_at(phone, "add")

    phone.page.get_by_label("Pairing code").fill("nonsense")
    phone.press("Continue")
    expect(phone.page.get_by_text("That code is not right, or it ran out.")).to_be_visible()
    look_at(phone, "add-wrong")
    phone.page.get_by_label("Pairing code").fill(code.lower())
    phone.press("Continue")

    confirm_on_the_computer(page, phone)
    try_out_from_the_computer(page, phone)
    shown = phone.save_codes()
    assert len(shown) == 10
    device = PushDevice.objects.get(user=alice, confirmed=True)

    page.goto(f"/2fa/push/{device.pk}/")
    look_at(AppPhone(page, phone.base_url), "manage")
    page.get_by_role("button", name="Send a test request").click()
    expect(page.locator(".plate b")).to_be_visible()


def test_a_qr_code_is_scanned_with_the_camera(
    page: Page, playwright: Playwright, base_url: str, service: PushService, *, alice: User, tmp_path: Path
) -> None:
    """In a browser without a detector of its own: jsQR, which make assets installs, reads it."""
    give_password_without_method(page, alice)
    page.goto("/2fa/push/add/")
    arguments = camera.film(with_surroundings(page), tmp_path / "film.mjpeg")
    browser = playwright.chromium.launch(executable_path=bed.chromium(), args=[*bed.ARGUMENTS, *arguments])
    context = browser.new_context(**PHONE, permissions=["camera", "notifications"])
    prepare(context, service)
    phone = AppPhone(context.new_page(), base_url)
    phone.open("add/")

    phone.press("Scan the QR code")

    confirm_on_the_computer(page, phone)
    phone.heading("This is only a test. Is it you?")
    phone.press("Yes, it’s me")
    phone.heading("Enter the number of the test")
    look_at(phone, "trial-number-pad")
    phone.press("Skip the test")
    phone.save_codes()
    assert not phone.faults
    browser.close()


def with_surroundings(page: Page) -> bytes:
    """The QR code on the screen, and what is around it, as a camera sees it."""
    box = page.locator("svg.qr").bounding_box()
    assert box is not None
    around = 30
    clip = {"x": box["x"] - around, "y": box["y"] - around}
    size = {"width": box["width"] + 2 * around, "height": box["height"] + 2 * around}
    return page.screenshot(clip={**clip, **size}, full_page=True)


def test_without_a_camera_the_code_is_typed(phone: AppPhone) -> None:
    phone.open("add/")

    phone.press("Scan the QR code")  # no camera, and no permission

    expect(phone.page.get_by_text("can’t use the camera. Type the pairing code instead.")).to_be_visible()
    expect(phone.page.get_by_label("Pairing code")).to_be_focused()
    look_at(phone, "no-camera")


@pytest.mark.usefixtures("transactional_db")
def test_notifications_are_asked_for_only_when_wanted(
    browser: Browser, base_url: str, service: PushService, alice: User
) -> None:
    context = browser.new_context(**PHONE)
    prepare(context, service)
    phone = AppPhone(context.new_page(), base_url)
    phone.open()
    phone.follow("Log in from this phone")
    phone.page.get_by_label("Email or username").fill(alice.email)
    phone.page.get_by_label("Password", exact=True).fill(PASSWORD)
    phone.press("Continue")
    phone.heading("Let this phone approve sign-ins?")
    look_at(phone, "allow")
    phone.press("Allow")
    phone.heading("Turn on notifications so requests reach you")
    look_at(phone, "notifications")

    context.grant_permissions(["notifications"], origin=base_url)
    phone.press("Turn on")

    try_out_here(phone)
    phone.heading("Save your backup codes")
    look_at(phone, "backup-codes")
    with phone.page.expect_download() as download:
        phone.press("Download")
    text = download.value.path().read_text(encoding="utf-8")
    assert all(code in text for code in phone.save_codes())
    look_at(phone, "linked")
    assert PushDevice.objects.get(user=alice).subscription is not None
    context.close()


def give_password_without_method(page: Page, user: User) -> None:
    type_password(page, user)
    expect(page).to_have_url("/security/")


def confirm_on_the_computer(page: Page, phone: AppPhone) -> None:
    phone.heading("Enter this number on the computer")
    look_at(phone, "check")
    check = phone.page.locator('[data-f="check"]').inner_text()
    field = page.locator("input[name=number]")
    expect(field).to_be_visible(timeout=15_000)
    field.fill(check)
    page.get_by_role("button", name="Link this phone").click()


def try_out_here(phone: AppPhone) -> None:
    """A wrong number, and then the right one: on one phone the app shows it first."""
    phone.heading("Now let’s test it")
    look_at(phone, "trial")
    phone.press("Send a test request")
    phone.heading("Remember this number")
    look_at(phone, "trial-number")
    number = phone.page.locator('[data-f="trial-number"]').inner_text()
    phone.follow("Answer the test")
    phone.heading("This is only a test. Is it you?")
    look_at(phone, "trial-request")
    phone.press("Yes, it’s me")
    phone.type_number(str(10 + (int(number) - 9) % 90), "Enter the number of the test")
    phone.heading("That number doesn't match. This was only a test, so you can try again.")
    look_at(phone, "trial-wrong-number")
    phone.follow("Continue")

    phone.heading("Now let’s test it")
    phone.press("Send a test request")
    phone.heading("Remember this number")
    number = phone.page.locator('[data-f="trial-number"]').inner_text()
    phone.follow("Answer the test")
    phone.press("Yes, it’s me")
    phone.type_number(number, "Enter the number of the test")
    phone.heading("It works. This phone can approve your sign-ins.")
    look_at(phone, "trial-approved")
    phone.follow("Continue")


def try_out_from_the_computer(page: Page, phone: AppPhone) -> None:
    """The number stands on the computer, which goes on by itself."""
    expect(page.get_by_role("heading", name="is linked. Now let’s test it.")).to_be_visible()
    look_at(AppPhone(page, phone.base_url), "trial-computer")
    phone.heading("This is only a test. Is it you?")
    phone.press("Yes, it’s me")
    phone.type_number(page.locator(".plate b").inner_text(), "Enter the number of the test")
    phone.heading("It works. This phone can approve your sign-ins.")
    expect(page.get_by_text("It works. Your phone can approve your sign-ins.")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("link", name="Continue")).to_have_attribute("href", "/2fa/backup-codes/")
    phone.follow("Continue")


# ── Codes ──
def test_codes_without_a_connection_are_those_of_another_program(phone: AppPhone, alice: User, page: Page) -> None:
    phone.link_here(alice)
    phone.open()
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    secret = PushDevice.objects.get(user=alice).secret

    phone.page.context.set_offline(True)
    phone.page.reload()
    expect(phone.page.get_by_text("You’re offline. Codes still work")).to_be_visible()
    shown = phone.code()
    at = portal_clock.now().timestamp()

    assert shown in {oathtool(secret, at), oathtool(secret, at - 30)}
    look_at(phone, "codes-offline")
    phone.follow("Requests")
    expect(phone.page.get_by_text("Offline. Enter the 6-digit code instead.")).to_be_visible()
    phone.follow("Codes")
    give_password(page, alice)
    page.get_by_role("link", name="Enter the 6-digit code").click()
    page.locator("input[name=code]").fill(phone.code())
    expect(page).to_have_url("/security/", timeout=15_000)
    phone.watch.faults.clear()  # what the browser said about the lost connection


def test_a_phone_whose_clock_is_a_day_ahead_works(
    page: Page, browser: Browser, base_url: str, service: PushService, alice: User
) -> None:
    context = browser.new_context(**PHONE, permissions=["notifications"])
    prepare(context, service)
    context.add_init_script(CLOCK_AHEAD % (24 * 3600 * 1000))
    phone = AppPhone(context.new_page(), base_url)
    phone.link_here(alice)
    phone.follow("Done")
    warning = phone.page.locator('[data-view="codes"] [data-f="clock"]')
    expect(warning).to_have_text("Your phone's clock is 24 hr off. Codes may be refused.")
    look_at(phone, "clock-off")
    secret = PushDevice.objects.get(user=alice).secret
    at = portal_clock.now().timestamp()
    assert phone.code() in {oathtool(secret, at), oathtool(secret, at - 30), oathtool(secret, at + 30)}

    number = give_password(page, alice)
    phone.heading("Is this you signing in?")
    phone.press("Yes, it’s me")
    phone.type_number(number)

    phone.heading("You're signed in on Chrome.")
    expect(page).to_have_url("/security/", timeout=15_000)
    context.close()


def test_several_accounts_are_ordered_and_named(phone: AppPhone, alice: User, bob: User) -> None:
    names = link_both(phone, alice, bob)
    look_at(phone, "codes")
    phone.press("Copy code for Bob Example")
    assert phone.page.evaluate("navigator.clipboard.readText()").isdigit()

    phone.press("Change the order")
    look_at(phone, "codes-order")
    phone.press("Move down Alice Example")
    expect(names).to_have_text(["Bob Example", "Alice Example"])
    expect(phone.page.get_by_role("button", name="Move up Alice Example")).to_be_focused()
    phone.page.get_by_role("link", name="Alice Example").click()
    phone.heading("Alice Example")
    look_at(phone, "account")
    phone.page.get_by_label("Name on this phone").fill("Work")
    phone.press("Save name")
    phone.heading("Work")
    phone.open()
    expect(names).to_have_text(["Bob Example", "Work"])


def test_an_account_turned_off_in_the_portal_says_so_until_it_is_removed(
    phone: AppPhone, alice: User, bob: User
) -> None:
    names = link_both(phone, alice, bob)

    turn_off_all(phone)

    phone.open()
    expect(phone.page.get_by_text("Turned off in account security on")).to_be_visible()
    expect(phone.page.locator(".otp")).to_have_count(1)
    look_at(phone, "codes-turned-off")
    phone.press("Remove Bob Example")
    expect(names).to_have_text(["Alice Example"])


def link_both(phone: AppPhone, alice: User, bob: User) -> Locator:
    """Two accounts on one phone; returns where their names stand."""
    phone.link_here(alice)
    phone.page.context.clear_cookies()  # signed out in the portal: the app's keys stay
    phone.open("add/")
    phone.follow("Log in from this phone instead")
    phone.page.get_by_label("Email or username").fill(bob.email)
    phone.page.get_by_label("Password", exact=True).fill(PASSWORD)
    phone.press("Continue")
    phone.press("Allow")
    phone.skip_trial()
    phone.save_codes()
    phone.follow("Done")
    names = phone.page.locator("#accounts strong")
    expect(names).to_have_text(["Alice Example", "Bob Example"])
    return names


def turn_off_all(phone: AppPhone) -> None:
    """In the portal, where this phone's browser is still signed in."""
    phone.page.goto(f"{phone.base_url}/2fa/disable/")
    phone.page.locator("input[type=password]").fill(PASSWORD)
    phone.page.get_by_role("button", name="Turn off").click()
    expect(phone.page).to_have_url(f"{phone.base_url}/2fa/")


# ── The app ──
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

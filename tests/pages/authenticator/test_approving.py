"""Approving and blocking a sign-in, and how the phone hears of it."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from messaging import vapid
from messaging.actions import deliver, sweep
from messaging.models import PushSubscription
from tests.bed import push_service
from tests.pages.authenticator.phone import PHONE, AppPhone, give_password, look_at, message_to
from tests.twofactor.methods.push.phones import linked_phone
from twofactor.methods.push.models import PushRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.push_service import PushService


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


def test_what_another_phone_has_approved_can_still_be_disowned(page: Page, phone: AppPhone, alice: User) -> None:
    phone.link_here(alice)
    phone.follow("Done")
    other = linked_phone(alice, name="Tablet")
    number = give_password(page, alice)
    phone.heading("Is this you signing in?")

    other.yes(other.pending()[0], number)
    expect(page).to_have_url("/security/", timeout=15_000)
    phone.heading("This request was answered already.")
    look_at(phone, "answered-elsewhere")
    phone.press("That wasn’t me")

    phone.heading("That sign-in has ended. Change your password now.")
    page.reload()
    expect(page).to_have_url(re.compile(r"/login/"))


def test_the_open_app_needs_no_notification(page: Page, phone: AppPhone, alice: User) -> None:
    phone.link_here(alice)
    phone.follow("Done")

    number = give_password(page, alice)

    phone.heading("Is this you signing in?")
    expect(phone.page.get_by_text("Place unknown")).to_be_visible()
    expect(phone.page.get_by_text("may be off by a city")).to_be_hidden()
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


@pytest.mark.parametrize("purpose", ["alert", "one of a later version"])
def test_an_alert_says_nothing_on_the_screen_and_a_tap_opens_the_page_that_does(
    purpose: str, phone: AppPhone, alice: User
) -> None:
    phone.link_here(alice)

    phone.wake({"v": 1, "purpose": purpose})
    [shown] = phone.notifications()

    assert (shown["title"], shown["actions"]) == ("Security alert", [])
    assert shown["body"] == "Something happened in your account. Tap to see what."
    assert phone.tap_on_notification() == {"opened": ["/activity/"], "focused": []}
    phone.page.goto(f"{phone.base_url}/activity/")
    phone.heading("Activity")


def test_an_alert_and_a_request_stand_side_by_side(
    page: Page, phone: AppPhone, service: PushService, alice: User
) -> None:
    """Neither takes the other's place, and answering the request wipes no alert away that nobody has read."""
    phone.link_here(alice)
    phone.open("settings/")
    give_password(page, alice)
    request = message_to(service)

    phone.wake({"v": 1, "purpose": "alert"})
    phone.wake(request)
    both = {shown["title"] for shown in phone.notifications()}
    phone.open(f"request/{request['id']}/")
    phone.press("No, block it")
    phone.press("It was me, by mistake")
    phone.heading("All right.")

    assert both == {"Security alert", "Sign-in request"}
    assert [shown["title"] for shown in phone.notifications()] == ["Security alert"]


def test_a_change_that_somebody_makes_comes_as_an_alert(phone: AppPhone, service: PushService, alice: User) -> None:
    phone.link_here(alice)
    sweep(deliver)
    assert [push.message for push in service.taken if "purpose" in push.message] == []  # not of its own linking

    phone.page.goto(f"{phone.base_url}/profile/")
    phone.page.get_by_label("Name").fill("Alice Other")
    phone.press("Save")
    phone.wake(message_to(service))
    phone.open()

    [shown] = phone.notifications()
    assert "Other" not in str(shown)
    assert alice.email not in str(shown)


def test_a_request_that_ran_out_says_so(page: Page, phone: AppPhone, alice: User, clock: TestClock) -> None:
    phone.link_here(alice)
    phone.follow("Done")
    give_password(page, alice)
    phone.heading("Is this you signing in?")

    clock.advance(timedelta(seconds=121))

    phone.heading("This request ran out. Start again on the sign-in screen.")

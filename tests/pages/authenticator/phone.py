"""A phone with the app, in a browser of its own. Of all it does only PushManager.subscribe() is not the browser's."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from messaging.actions import deliver, sweep
from tests.bed import browser as bed
from tests.bed.browser import Watch
from tests.bed.people import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Worker

    from accounts.user.models import User
    from tests.bed.push_service import PushService

PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "en", "timezone_id": "UTC", "reduced_motion": "reduce"}
WIDTHS = (360, 390)
# There is no push service for a browser without the internet: the subscription is one whose keys the test has.
SUBSCRIBED = """(given => {
    const fake = given => ({...given, toJSON: () => given, unsubscribe: async () => delete localStorage.subscribed});
    PushManager.prototype.subscribe = async ({applicationServerKey}) => {
        localStorage.subscribedFor = btoa(String.fromCharCode(...new Uint8Array(applicationServerKey)));
        localStorage.subscribed ??= JSON.stringify(given);
        return fake(JSON.parse(localStorage.subscribed));
    };
    PushManager.prototype.getSubscription = async () =>
        localStorage.subscribed ? fake(JSON.parse(localStorage.subscribed)) : null;
})(%s)"""
CLOCK_AHEAD = """(ahead => {
    const Real = Date;
    const now = Real.now.bind(Real);
    self.Date = class extends Real {
        constructor(...given) { given.length ? super(...given) : super(now() + ahead); }
        static now() { return now() + ahead; }
    };
})(%d)"""
REFUSALS = re.compile(r"^4\d\d for .*/api/authenticator/v1/")  # answers that a test provokes


@dataclass
class AppPhone:
    """What a person does with it."""

    page: Page
    base_url: str
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(15_000)
        self.watch = Watch(self.page)

    @property
    def faults(self) -> list[str]:
        return [fault for fault in self.watch.faults if not REFUSALS.match(fault)]

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.base_url}/authenticator/{path}")
        expect(self.page.locator("body[data-ready]")).to_have_count(1)

    def heading(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1, name=text)).to_be_visible(timeout=15_000)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).click()

    def link_here(self, user: User) -> None:
        """Log in from this phone, and Allow."""
        self.open()
        self.follow("Log in from this phone")
        self.log_in(user)
        self.press("Allow")
        self.skip_trial()
        self.save_codes()

    def log_in(self, user: User) -> None:
        self.page.get_by_label("Email or username").fill(user.email)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.press("Continue")
        self.heading("Let this phone approve sign-ins?")

    def skip_trial(self) -> None:
        """On the way from notifications to the codes."""
        self.heading("Now let’s test it")
        self.press("Skip the test")

    def save_codes(self) -> list[str]:
        """The backup codes of a first method, as they are shown."""
        self.heading("Save your backup codes")
        shown = self.page.locator("#backup-codes code").all_inner_texts()
        self.page.get_by_label("I’ve saved these codes").check()
        self.press("Finish")
        self.heading("This phone can approve your sign-ins")
        return shown

    def code(self) -> str:
        """The first account's code."""
        shown = self.page.locator(".otp").first
        expect(shown).to_have_text(re.compile(r"^\d{3} \d{3}$"))
        return shown.inner_text().replace(" ", "")

    def type_number(self, number: str, heading: str = "Enter the number from the sign-in screen") -> None:
        self.heading(heading)
        for digit in number:
            self.page.get_by_role("button", name=digit, exact=True).click()

    def wake(self, message: dict[str, Any]) -> None:
        """What the browser does when its push service has a message for the app.

        Returns when the app has dealt with it. Nobody may ask for notifications earlier: Chromium takes one that is
        about to be shown for one swept away.
        """
        registrations: dict[str, str] = {}
        session = self.page.context.new_cdp_session(self.page)
        session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: registrations.update(
                {one["scopeURL"]: one["registrationId"] for one in event["registrations"]}
            ),
        )
        session.send("ServiceWorker.enable")
        scope = f"{self.base_url}/authenticator/"
        for _ in range(100):
            if scope in registrations:
                break
            self.page.wait_for_timeout(50)
        given = {"origin": self.base_url, "registrationId": registrations[scope], "data": json.dumps(message)}
        self._worker.evaluate(LISTEN)
        session.send("ServiceWorker.deliverPushMessage", given)
        session.detach()
        self._worker.evaluate("() => self.dealtWith")

    def notifications(self) -> list[dict[str, Any]]:
        """What lies on the screen."""
        found: list[dict[str, Any]] = self.page.evaluate(NOTIFICATIONS)
        return found

    def tap_on_notification(self, action: str = "") -> dict[str, list[str]]:
        """Chromium shows no notification here that could be tapped: its worker is told that one was.

        Returns what it would open and bring to the front: a browser does that for a person's finger alone.
        """
        done: dict[str, list[str]] = self._worker.evaluate(TAP, action)
        return done

    def get_another_subscription(self, subscription: dict[str, object], *, is_brought: bool) -> None:
        """The browser's push service has moved it; some browsers bring the new one, others say only that."""
        self.page.evaluate("given => (localStorage.subscribed = JSON.stringify(given))", subscription)
        self._worker.evaluate(MOVED, [subscription, is_brought])

    @property
    def _worker(self) -> Worker:
        [worker] = self.page.context.service_workers
        return worker


LISTEN = """() => {
    const { waitUntil } = ExtendableEvent.prototype;
    self.dealtWith = new Promise(done => {
        PushEvent.prototype.waitUntil = function (work) {
            work.finally(done);
            waitUntil.call(this, work);
        };
    });
}"""
# A script's own event may not prolong the worker's life: what it would wait for is waited for here.
TAP = """async action => {
    const done = {opened: [], focused: []};
    self.clients.openWindow = async url => void done.opened.push(url);
    WindowClient.prototype.focus = async function () { done.focused.push(this.url); return this; };
    const [notification] = await self.registration.getNotifications();
    if (!notification) throw new Error('no notification');
    const tap = new NotificationEvent('notificationclick', {notification, action});
    let work;
    tap.waitUntil = promise => (work = promise);
    self.dispatchEvent(tap);
    await work;
    return done;
}"""
MOVED = """async ([given, isBrought]) => {
    const subscription = {...given, toJSON: () => given};
    PushManager.prototype.subscribe = async () => subscription;
    const moved = new ExtendableEvent('pushsubscriptionchange');
    if (isBrought) moved.newSubscription = subscription;
    let work;
    moved.waitUntil = promise => (work = promise);
    self.dispatchEvent(moved);
    await work;
}"""
NOTIFICATIONS = """async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    const all = await registration.getNotifications();
    return all.map(({title, body, data, actions}) => ({title, body, id: data.id, actions: actions.map(a => a.title)}));
}"""


def prepare(context: BrowserContext, service: PushService) -> None:
    context.add_init_script(SUBSCRIBED % json.dumps(service.subscription()))


def message_to(service: PushService) -> dict[str, Any]:
    """What the portal has sent to this phone: delivered as by a worker, encrypted, and read with the phone's keys."""
    before = len(service.taken)
    sweep(deliver)
    assert len(service.taken) == before + 1
    return service.taken[-1].message


def give_password(page: Page, user: User) -> str:
    """At the computer; returns the number that it shows."""
    type_password(page, user)
    return page.locator(".plate b").inner_text()


def type_password(page: Page, user: User) -> None:
    page.goto("/login/")
    page.get_by_label("Email or username").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


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

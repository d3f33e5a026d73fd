"""Two thousand requests that no browser sends: none fails, none gets anybody further than they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import Session
from accounts.sessions.models import Ending
from accounts.user.actions import renew_auth
from lib import clock as portal_clock
from lib.models import Counter
from tests.bed.hostile import VALUES, HostileRequest, hostile
from tests.bed.people import code_app, give_password, sign_in, totp_code
from tests.bed.walk import known_of, places
from twofactor.devices.actions import kinds
from twofactor.enrolment.models import EmailCheck

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.evidence import Evidence

SEED = 20261122
BATCH = 50  # requests between two looks at whether somebody got further
VERIFY = "/login/verify/totp/"
NEW_PLACE = "198.51.100.9"


@dataclass
class Attack:
    """Alice has a second step, Bob has none and is in a new place; nobody knows Alice's codes or reads Bob's mail."""

    alice: User
    bob: User
    clock: TestClock
    failed: int = 0
    got_in: int = 0
    replays: list[HostileRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.device = code_app(self.alice)
        self.paths = [place.path for place in places(known_of(self.device))]
        self.random = Random(SEED)
        sign_in(Client(), self.bob)
        self.stop_where_no_value_is_right()
        self.spent = self.sign_in_and_out()
        self.clock.advance(timedelta(days=2))
        self.stop_where_no_value_is_right()
        Session.objects.update(ended_at=portal_clock.now())
        self.devices = self.count_devices()

    def stop_where_no_value_is_right(self) -> None:
        """A code that the random requests send must be wrong now."""
        self.clock.stop()
        step = timedelta(seconds=30)
        while {totp_code(self.device, portal_clock.now() + step * near) for near in (-2, -1, 0, 1, 2)} & set(VALUES):
            self.clock.advance(step)

    def sign_in_and_out(self) -> Client:
        """A browser whose cookies were good once, and the requests that made them so, to be sent again."""
        browser = Client()
        give_password(browser, self.alice)
        code = totp_code(self.device)
        self.replays = [again("POST", VERIFY, f"code={code}"), again("POST", "/confirm/", f"code={code}")]
        browser.post(VERIFY, {"code": code})
        assert is_in(browser)
        cookies = browser.cookies.output(attrs=[], header="", sep=";")
        browser.post("/logout/")
        self.replays += [
            again("GET", "/2fa/", "", HTTP_COOKIE=cookies),
            again("POST", "/2fa/totp/add/", f"code={code}", HTTP_COOKIE=cookies),
        ]
        browser.cookies.load(cookies)
        return browser

    # ── Who sends them ──
    def nobody(self) -> Client:
        return Client()

    def half(self) -> Client:
        browser = Client()
        give_password(browser, self.alice)
        return browser

    def half_that_is_over(self) -> Client:
        """The attempt died by a change of the account meanwhile."""
        browser = self.half()
        self.alice.refresh_from_db()
        renew_auth(self.alice, session=None, reason=Ending.METHODS_CHANGED)
        return browser

    def signed_out(self) -> Client:
        return self.spent

    def enrolling(self) -> Client:
        """Signed in without a second step in a new place: a first method needs the mailbox."""
        browser = Client(REMOTE_ADDR=NEW_PLACE)
        sign_in(browser, self.bob)
        return browser

    # ── What comes of it ──
    def send(self, requests: int) -> None:
        states: tuple[Callable[[], Client], ...] = (
            self.nobody, self.half, self.half_that_is_over, self.signed_out, self.enrolling,
        )  # fmt: skip
        for number in range(requests // BATCH):
            Counter.objects.all().delete()  # the limits would hide what is behind them
            state = states[number % len(states)]
            self.send_batch(state(), knows_bob=state == self.enrolling)

    def send_batch(self, browser: Client, *, knows_bob: bool) -> None:
        browser.raise_request_exception = False
        for _ in range(BATCH):
            is_replay = self.random.random() < 0.2
            request = self.random.choice(self.replays) if is_replay else hostile(self.random, self.paths)
            status = request.send(browser).status_code
            if status >= 500:
                print(status, request)  # noqa: T201 - pytest shows it with the failure
            self.failed += status >= 500
        self.got_in += self.is_further(browser, knows_bob=knows_bob)

    def is_further(self, browser: Client, *, knows_bob: bool) -> bool:
        """Whether Alice is signed in anywhere, a device came or went, or Bob's mailbox was not asked."""
        alices = Session.objects.live(portal_clock.now()).filter(user=self.alice).exists()
        confirmed = EmailCheck.objects.exclude(confirmed_at=None).exists()
        seen = is_in(browser) and not knows_bob
        return alices or seen or confirmed or self.count_devices() != self.devices

    def count_devices(self) -> list[int]:
        return [kind.objects.count() for kind in kinds()]


def again(method: str, path: str, body: str, **headers: str) -> HostileRequest:
    return HostileRequest(method, path, body.encode(), "application/x-www-form-urlencoded", headers)


def is_in(client: Client) -> bool:
    return client.get("/2fa/").status_code == 200


def test_none_of_2000_fails_or_gets_in(alice: User, bob: User, clock: TestClock) -> None:
    attack = Attack(alice, bob, clock)

    attack.send(2_000)

    assert (attack.failed, attack.got_in) == (0, 0)


@pytest.mark.prove
def test_none_of_20000_fails_or_gets_in(alice: User, bob: User, clock: TestClock, evidence: Evidence) -> None:
    attack = Attack(alice, bob, clock)

    attack.send(20_000)

    states = "signed out, half signed in, that over, cookies of an ended session, first method not confirmed by mail"
    evidence(
        "N1 second step or mailbox passed by",
        20_000,
        attack.got_in,
        f"every URL, every method; one in five a replay; {states}",
    )
    evidence("N17 hostile requests over every URL: 5xx", 20_000, attack.failed)

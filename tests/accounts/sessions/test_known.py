"""Where a person is known from, once somebody has said that a thief was in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from audit.models import SecurityEvent
from tests.accounts.browsers import ELSEWHERE, HOME, HOME_TOO, browser_at, guess, same_browser
from tests.accounts.lock.locking import NEW, set_password
from tests.accounts.mailbox import links_to, mails_to
from tests.bed.people import code_app, give_password, sign_in
from tests.twofactor.methods.push.phones import linked_phone
from tests.twofactor.trusted_browsers.remembering import (
    cookie_of,
    is_asked,
    remembered,
    sign_in_again,
    sign_in_remembering,
    with_cookie,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
JOURNEY = "192.0.2.44"
ADD = "/2fa/totp/add/"
LATER = timedelta(hours=30)  # a place that was known at the lock would be settled by then


@pytest.fixture
def owner(alice: User, clock: TestClock) -> User:
    """Alice, who signs in at home for weeks, also on the last day."""
    for _ in range(3):
        come_from(alice, HOME, FIREFOX)
        clock.advance(timedelta(days=10))
    come_from(alice, HOME, FIREFOX)
    return alice


BROWSERS: dict[str, Client] = {}


@pytest.fixture(autouse=True)
def browsers() -> None:
    """Each agent is one browser, which keeps its cookie from one sign-in to the next."""
    BROWSERS.clear()


def come_from(user: User, ip: str, agent: str, password: str | None = None) -> Client:
    client = same_browser(BROWSERS, ip, agent)
    sign_in(client, user, *([password] if password else []))
    return client


def told(outbox: Outbox, user: User) -> int:
    """How many mails about new places there were."""
    return len([mail for mail in mails_to(user.email, outbox()) if mail.subject == "New sign-in to your account"])


def lock_by_mail(user: User, outbox: Outbox) -> None:
    """The link in the newest alert, and the way out: a new password, which the thief gets to know as well."""
    Client().post(links_to("/not-me/", mails_to(user.email, outbox()))[-1])
    set_password(user)


def is_asked_by_mail(browser: Client) -> bool:
    """Whether the mailbox must be shown before a first method."""
    answer = browser.get(ADD)
    return answer.status_code == 302 and answer.headers["Location"].startswith("/2fa/check/")


# ── Locked ──
def test_where_the_thief_was_is_a_new_place_after_the_lock(owner: User, outbox: Outbox, clock: TestClock) -> None:
    come_from(owner, ELSEWHERE, CHROME)
    lock_by_mail(owner, outbox)
    clock.advance(LATER)
    before = told(outbox, owner)

    thief = come_from(owner, ELSEWHERE, CHROME, NEW)

    assert (before, told(outbox, owner)) == (1, 2)
    assert is_asked_by_mail(thief)


def test_the_network_of_before_stays_known_and_no_browser(owner: User, outbox: Outbox, clock: TestClock) -> None:
    come_from(owner, ELSEWHERE, CHROME)
    lock_by_mail(owner, outbox)
    clock.advance(LATER)

    at_home = come_from(owner, HOME_TOO, FIREFOX, NEW)
    come_from(owner, JOURNEY, FIREFOX, NEW)  # with the new cookie of a moment ago

    assert told(outbox, owner) == 2
    assert not is_asked_by_mail(at_home)


def test_the_thiefs_browser_is_not_known_either(owner: User, outbox: Outbox, clock: TestClock) -> None:
    come_from(owner, ELSEWHERE, CHROME)
    lock_by_mail(owner, outbox)
    clock.advance(LATER)

    come_from(owner, JOURNEY, CHROME, NEW)

    assert told(outbox, owner) == 2


def test_the_thief_has_been_in_for_days(owner: User, outbox: Outbox, clock: TestClock) -> None:
    """And a day is enough to be let add a first method; so all of them are forgotten, not only what was told."""
    for _ in range(3):
        come_from(owner, ELSEWHERE, CHROME)
        clock.advance(timedelta(days=2))
    come_from(owner, JOURNEY, IPHONE)
    lock_by_mail(owner, outbox)
    clock.advance(LATER)
    before = told(outbox, owner)

    thief = come_from(owner, ELSEWHERE, CHROME, NEW)

    assert told(outbox, owner) == before + 1
    assert is_asked_by_mail(thief)


def test_locked_from_the_activity_page_it_is_the_same(owner: User, outbox: Outbox, clock: TestClock) -> None:
    come_from(owner, ELSEWHERE, CHROME)
    come_from(owner, HOME, FIREFOX).post("/activity/1/not-me/")
    set_password(owner)
    clock.advance(LATER)

    come_from(owner, HOME, FIREFOX, NEW)
    before = told(outbox, owner)
    come_from(owner, ELSEWHERE, CHROME, NEW)

    assert told(outbox, owner) == before + 1


def test_the_thief_guesses_among_strangers_again(owner: User, outbox: Outbox) -> None:
    """A known place has tries of its own, whatever strangers do."""
    come_from(owner, ELSEWHERE, CHROME)
    lock_by_mail(owner, outbox)
    for _ in range(5):
        guess(browser_at(JOURNEY), owner)

    assert guess(browser_at(ELSEWHERE), owner, NEW).status_code == 429
    assert guess(browser_at(HOME), owner, NEW).status_code == 302


def test_an_account_of_a_few_days_knows_nobody_after_it(alice: User, outbox: Outbox, clock: TestClock) -> None:
    clock.advance(timedelta(days=2))
    come_from(alice, HOME, FIREFOX)
    come_from(alice, ELSEWHERE, CHROME)
    lock_by_mail(alice, outbox)
    clock.advance(LATER)

    at_home = come_from(alice, HOME, FIREFOX, NEW)

    assert told(outbox, alice) == 2
    assert is_asked_by_mail(at_home)


def test_the_list_still_says_where_the_thief_was(owner: User, outbox: Outbox) -> None:
    come_from(owner, ELSEWHERE, CHROME)
    lock_by_mail(owner, outbox)

    assert "Chrome on Windows" in come_from(owner, HOME, FIREFOX, NEW).get("/sessions/").content.decode()


# ── A copy of a remembered browser ──
def test_where_a_copied_browser_was_is_a_new_place(alice: User, outbox: Outbox, clock: TestClock) -> None:
    device = code_app(alice)
    home = remembered(alice, REMOTE_ADDR=HOME)
    clock.advance(timedelta(days=8))
    home.post("/logout/")
    thief = with_cookie(cookie_of(home), REMOTE_ADDR=ELSEWHERE, HTTP_USER_AGENT=CHROME)
    assert not is_asked(give_password(thief, alice))
    clock.advance(LATER)
    before = told(outbox, alice)

    assert is_asked(sign_in_again(home, alice))  # found
    at_home = sign_in_remembering(home, alice)
    after_home = told(outbox, alice)
    device.last_step = -1
    device.save()
    come_from(alice, ELSEWHERE, CHROME)

    assert at_home.status_code == 302
    assert (before, after_home) == (1, 2)
    assert SecurityEvent.objects.filter(user=alice, slug="signed_in.new_place").count() == 3


# ── Denied on the phone ──
def test_where_a_session_was_that_the_phone_called_a_thiefs_is_a_new_place(
    alice: User, outbox: Outbox, clock: TestClock
) -> None:
    """He once got hold of a code; then he asks for an approval, to change something."""
    code_app(alice)
    phone = linked_phone(alice)
    come_from(alice, HOME, FIREFOX)
    clock.advance(LATER)
    thief = come_from(alice, ELSEWHERE, CHROME)
    clock.advance(timedelta(minutes=16))
    thief.post("/confirm/push/send/?next=/2fa/totp/add/")
    phone.no(phone.pending()[0], "not_me")
    clock.advance(LATER)
    before = told(outbox, alice)

    come_from(alice, HOME, FIREFOX)
    at_home = told(outbox, alice)
    clock.advance(timedelta(minutes=2))  # a code counts once
    come_from(alice, ELSEWHERE, CHROME)

    assert (before, at_home, told(outbox, alice)) == (1, 1, 2)

"""A sign-in on its way against the lock: whoever comes first, nobody stays in and no place becomes known."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.db import connection, connections, transaction

from accounts.login.models import LoginAttempt
from accounts.password.actions import reset_password
from accounts.password.models import PasswordReset
from accounts.sessions.models import Session
from accounts.user.models import User
from audit.models import SecurityEvent
from lib.models import Counter
from tests.accounts.browsers import ELSEWHERE, browser_at, is_in
from tests.accounts.lock.locking import NEW, SOMEWHERE, lock, reset_link
from tests.bed.authenticators import fetch
from tests.bed.people import code_app, give_password, security_key
from tests.bed.race import race
from tests.twofactor.answers import ANSWERS
from tests.twofactor.methods.webauthn.front_door import send
from tests.twofactor.trusted_browsers.remembering import cookie_of, remembered
from twofactor.models import PushRequest, TrustedBrowser
from twofactor.second_factor import SecondFactor

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse
    from django.test import Client

    OnItsWay = Callable[[], HttpResponse]

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5
IN_THREAD = 30  # seconds


# ── Every way in, up to its last request ──
def by_password(user: User, browser: Client) -> OnItsWay:
    return lambda: give_password(browser, user)


def by_remembered_browser(user: User, browser: Client) -> OnItsWay:
    code_app(user)
    browser.cookies["browser"] = cookie_of(remembered(user))
    return lambda: give_password(browser, user)


def by_passkey_alone(user: User, browser: Client) -> OnItsWay:
    signed = security_key(user).sign(fetch(browser, "/login/passkey/options/"))
    return lambda: send(browser, "/login/passkey/", signed)


def by_method(slug: str) -> Callable[[User, Client], OnItsWay]:
    def prepare(user: User, browser: Client) -> OnItsWay:
        answers = ANSWERS[slug](user)
        give_password(browser, user)
        fields = answers.right(browser)
        return lambda: browser.post(f"/login/verify/{slug.replace('_', '-')}/", fields)

    return prepare


WAYS = {
    "password": by_password,
    "remembered browser": by_remembered_browser,
    "passkey alone": by_passkey_alone,
    **{slug: by_method(slug) for slug in ANSWERS},
}
every_way = pytest.mark.parametrize("way", list(WAYS))


# ── What must not have happened ──
def known_places(user: User) -> set[str]:
    """Of sessions from where the thief is, the networks that a later sign-in would be known by."""
    there = Session.objects.filter(user=user, ip=ELSEWHERE).exclude(network_digest="")
    return set(there.values_list("network_digest", flat=True))


def signed_in_after(user: User, slug: str) -> bool:
    """Whether the record has a sign-in behind the last event of this kind."""
    last = SecurityEvent.objects.filter(user=user, slug=slug).latest("seq")
    return SecurityEvent.objects.filter(user=user, slug__startswith="signed_in", seq__gt=last.seq).exists()


def start_again(user: User) -> None:
    for kind in (Counter, LoginAttempt, Session, PushRequest, TrustedBrowser):
        kind.objects.all().delete()
    for kind in SecondFactor.__subclasses__():
        for device in kind.__subclasses__() if kind._meta.abstract else [kind]:
            device.objects.all().delete()
    User.objects.filter(pk=user.pk).update(locked_at=None, mailbox_shown_at=None, protection=0)


def while_it_waits(change: Callable[[], object], act: OnItsWay) -> HttpResponse:
    """Make the change, send the request, and commit the change only when the request waits for it, or is over."""

    def in_thread() -> HttpResponse:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            change()
            answer = pool.submit(in_thread)
            until = time.monotonic() + IN_THREAD
            while not (answer.done() or somebody_waits()) and time.monotonic() < until:
                time.sleep(0.02)
        return answer.result(IN_THREAD)


def somebody_waits() -> bool:
    if connection.vendor != "postgresql":
        time.sleep(0.5)
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


# ── The lock ──
@every_way
def test_a_sign_in_that_waits_for_the_lock_ends_nowhere(way: str, alice: User) -> None:
    browser = browser_at(ELSEWHERE)
    act = WAYS[way](alice, browser)

    while_it_waits(lambda: lock(alice), act)

    assert not is_in(browser)
    assert known_places(alice) == set()
    assert not signed_in_after(alice, "account.locked")


@every_way
def test_lock_and_sign_in_at_the_same_instant(way: str, alice: User) -> None:
    for _round in range(ROUNDS):
        browser = browser_at(ELSEWHERE)
        act = WAYS[way](alice, browser)

        race(2, lambda number: lock(alice) if number else act())  # noqa: B023

        assert not is_in(browser)
        assert known_places(alice) == set()
        assert not signed_in_after(alice, "account.locked")
        start_again(alice)


@pytest.mark.parametrize("way", ["password", "remembered browser"])
def test_a_right_password_that_waited_for_the_lock_is_told_of_it(way: str, alice: User) -> None:
    """As one that comes after it: with a page, and a line in the record."""
    act = WAYS[way](alice, browser_at(ELSEWHERE))

    answer = while_it_waits(lambda: lock(alice), act)

    assert answer.status_code == 403
    assert "Your account is locked" in answer.content.decode()
    assert SecurityEvent.objects.filter(user=alice, slug="sign_in.locked").count() == 1


# ── Whatever else ends what was proved ──
@pytest.mark.parametrize("way", [way for way in WAYS if way != "passkey alone"])
def test_a_sign_in_that_waits_for_a_new_password_ends_nowhere(way: str, alice: User) -> None:
    """The old password was right when it was typed. A passkey alone rests on none."""
    browser = browser_at(ELSEWHERE)
    act = WAYS[way](alice, browser)
    browser_at("192.0.2.9").post("/password/forgot/", {"login": alice.email})
    link = PasswordReset.objects.latest("pk")

    while_it_waits(lambda: reset_password(link, NEW, origin=SOMEWHERE), act)

    assert not is_in(browser)
    assert known_places(alice) == set()
    assert not signed_in_after(alice, "password.reset")


def test_a_password_that_was_changed_meanwhile_is_said_to_be(alice: User) -> None:
    browser = browser_at(ELSEWHERE)
    browser_at("192.0.2.9").post("/password/forgot/", {"login": alice.email})
    link = PasswordReset.objects.latest("pk")

    answer = while_it_waits(lambda: reset_password(link, NEW, origin=SOMEWHERE), by_password(alice, browser))

    assert answer.status_code == 422
    assert "was changed just now. Sign in again." in answer.content.decode()


def test_the_way_out_that_waits_for_another_lock_ends_nowhere(alice: User) -> None:
    """The new password leads on to the second step; the lock that came meanwhile starts at the beginning."""
    code_app(alice)
    lock(alice)
    browser = browser_at(ELSEWHERE)
    link = reset_link(alice)

    while_it_waits(lambda: lock(alice), lambda: browser.post(link, {"password": NEW}))
    browser.get("/login/verify/")

    assert not is_in(browser)
    assert known_places(alice) == set()

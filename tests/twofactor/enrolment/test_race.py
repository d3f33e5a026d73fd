"""Undoing a first method while something else happens: threads on the database, through the front door."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import PasswordReset, Session
from audit.models import SecurityEvent
from lib import links
from lib.models import Counter
from messaging.models import Message
from tests.bed.people import PASSWORD
from tests.bed.race import race, rounds, threads
from tests.twofactor.enrolment.front_door import (
    ADD,
    CHECK,
    ELSEWHERE,
    UNDO,
    VERIFY,
    code_of,
    is_in,
    shown_secret,
    signed_in_at,
    turn_on,
)
from twofactor.devices import actions
from twofactor.enrolment.models import EmailCheck, Enrolment
from twofactor.enrolment.proof import undo_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = rounds(10)
THREADS = threads(16)


def new_round(user: User, clock: TestClock) -> tuple[Client, str, str]:
    """A thief who has just turned it on with the password, his secret, and the owner's link."""
    Counter.objects.all().delete()
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    thief = signed_in_at(ELSEWHERE, user)
    secret = turn_on(thief)
    clock.advance(timedelta(seconds=60))
    link = f"{UNDO}{undo_token(Enrolment.objects.latest('pk').pk, user.email)}/"
    return thief, secret, link


def assert_thief_is_out(user: User, *browsers: Client) -> None:
    user.refresh_from_db()
    assert not any(is_in(browser) for browser in browsers)
    assert not user.has_usable_password()
    assert user.protection == 0
    assert sum(kind.objects.filter(user=user).count() for kind in actions.kinds()) == 0


def test_of_many_undos_one_counts(alice: User, clock: TestClock) -> None:
    for number in range(ROUNDS):
        _thief, _secret, link = new_round(alice, clock)
        browsers = [Client() for _ in range(THREADS)]

        statuses = race(THREADS, lambda n: browsers[n].post(link).status_code)  # noqa: B023

        assert (statuses.count(302), statuses.count(410)) == (1, THREADS - 1)
        assert SecurityEvent.objects.filter(slug="method.first_undone").count() == number + 1
        assert PasswordReset.objects.count() == Message.objects.filter(kind="password_reset").count() == number + 1


@pytest.mark.parametrize("kind", ["sign in", "password only", "add another", "turn off", "new password", "confirm"])
def test_whatever_a_thief_does_at_that_instant_he_is_out(kind: str, alice: User, clock: TestClock) -> None:
    for _round in range(ROUNDS):
        thief, secret, link = new_round(alice, clock)
        other = Client() if kind == "password only" else signed_in_at(ELSEWHERE, alice)
        act = acts(thief, other, secret, alice)[kind]
        if kind == "add another":
            shown = shown_secret(thief)
            act = lambda: thief.post(ADD, {"code": code_of(shown), "name": "2"}).status_code  # noqa: B023, E731
        owner = Client()

        undone, _acted = race(2, lambda n: owner.post(link).status_code if n == 0 else act())  # noqa: B023

        if kind == "turn off" and undone == 410:  # it was off already: the password is still to be changed
            continue
        assert undone == 302
        assert_thief_is_out(alice, thief, other, owner)


def acts(thief: Client, other: Client, secret: str, user: User) -> dict[str, Callable[[], int]]:
    changed = {"current_password": PASSWORD, "password": "Nine-Herons-Wait-By-Ponds"}
    return {
        "sign in": lambda: other.post(VERIFY, {"code": code_of(secret)}).status_code,
        "password only": lambda: other.post("/login/", {"login": user.email, "password": PASSWORD}).status_code,
        "add another": lambda: 0,
        "turn off": lambda: thief.post("/2fa/disable/", {"password": PASSWORD}).status_code,
        "new password": lambda: thief.post("/password/", changed).status_code,
        "confirm": lambda: thief.post("/confirm/", {"code": code_of(secret)}).status_code,
    }


def test_a_mailed_link_confirms_once(alice: User, clock: TestClock) -> None:
    signed_in_at("203.0.113.7", alice)
    clock.advance(timedelta(days=30))
    for number in range(ROUNDS):
        Counter.objects.all().delete()
        browser = signed_in_at(ELSEWHERE, alice)
        browser.post(f"{CHECK}?next={ADD}")
        link = f"{CHECK}{links.token_for('enrolment_check', EmailCheck.objects.latest('pk').pk)}/"
        windows = [Client(REMOTE_ADDR=ELSEWHERE) for _ in range(THREADS)]
        for window in windows:
            window.cookies.update(browser.cookies)

        statuses = race(THREADS, lambda n: windows[n].post(link).status_code)  # noqa: B023

        assert (statuses.count(302), statuses.count(410)) == (1, THREADS - 1)
        assert EmailCheck.objects.exclude(confirmed_at=None).count() == number + 1
        assert Session.objects.filter(user=alice, ended_at=None).exists()

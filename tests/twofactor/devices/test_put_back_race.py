"""Taking changes back while somebody signs in or changes more: one comes first, and nobody unwanted stays in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from lib import links
from lib.models import Counter
from messaging.actions import deliver, sweep
from messaging.models import Message
from tests.accounts.lock.locking import is_locked
from tests.bed.people import code_app, give_password, totp_code
from tests.bed.race import race, rounds
from tests.twofactor.enrolment.front_door import code_of, is_in, shown_secret, turn_on
from twofactor.devices import actions
from twofactor.devices.owned import protection_of
from twofactor.models import MethodChange, NotMe, TOTPDevice
from twofactor.tasks import bring_methods_back

if TYPE_CHECKING:
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = rounds(8)
VERIFY = "/login/verify/totp/"


def link_about(slug: str) -> str:
    sweep(deliver)
    event = MethodChange.objects.filter(event__slug=slug).latest("pk").event_id
    told = Message.objects.filter(details__event=event, channel="email").earliest("created_at")
    return f"/not-me/{links.token_for('not_me', NotMe.objects.get(message=told).pk)}/"


def stolen(user: User, clock: TestClock) -> tuple[TOTPDevice, Client]:
    """Her code app, and a copy of her browser's cookies; as if nothing had happened before."""
    TOTPDevice.everything.filter(user=user).delete()
    Counter.objects.all().delete()
    User.objects.filter(pk=user.pk).update(locked_at=None, mailbox_shown_at=None, method_returns_at=None)
    clock.advance(timedelta(minutes=5))
    phone = code_app(User.objects.get(pk=user.pk))
    with transaction.atomic():
        actions.make_missing_backups(user)
    thief = Client()
    give_password(thief, user)
    assert thief.post(VERIFY, {"code": totp_code(phone)}).status_code == 302
    clock.advance(timedelta(seconds=60))
    return phone, thief


def half_way(user: User, number: int) -> Client:
    browser = Client(REMOTE_ADDR=f"198.51.{number}.7")
    give_password(browser, user)
    return browser


def names(user: User) -> list[str]:
    return sorted(TOTPDevice.objects.filter(user=user).values_list("name", flat=True))


def is_consistent(user: User) -> bool:
    user = User.objects.get(pk=user.pk)
    return user.protection == protection_of(user)


def test_against_the_thief_signing_in_with_what_he_added(alice: User, clock: TestClock) -> None:
    for _round in range(ROUNDS):
        phone, thief = stolen(alice, clock)
        secret = turn_on(thief, "Thief’s")
        thief.post(f"/2fa/totp/{phone.pk}/remove/")
        link = link_about("method.added")
        clock.advance(timedelta(seconds=60))
        others = [half_way(alice, number) for number in range(3)]
        code = code_of(secret)

        def act(number: int) -> int:
            if number == 0:
                return Client().post(link).status_code  # noqa: B023
            return others[number - 1].post(VERIFY, {"code": code}).status_code  # noqa: B023

        taken_back, *_signed_in = race(4, act)

        assert taken_back == 302
        assert not any(is_in(browser) for browser in (*others, thief))
        assert names(alice) == ["Phone"]
        assert is_locked(alice)
        assert is_consistent(alice)


def test_against_the_thief_adding_one_more(alice: User, clock: TestClock) -> None:
    """Either it came first, and is gone with the others, or his session is over."""
    for _round in range(ROUNDS):
        phone, thief = stolen(alice, clock)
        turn_on(thief, "Thief’s")
        thief.post(f"/2fa/totp/{phone.pk}/remove/")
        link = link_about("method.added")
        secret = shown_secret(thief)
        fields = {"code": code_of(secret), "name": "Second"}

        def act(number: int) -> int:
            if number == 0:
                return Client().post(link).status_code  # noqa: B023
            return thief.post("/2fa/totp/add/", fields).status_code  # noqa: B023

        taken_back, _added = race(2, act)

        assert taken_back == 302
        assert not is_in(thief)
        assert names(alice) == ["Phone"]
        assert is_consistent(alice)


def test_two_links_at_once_leave_what_the_earlier_change_found(alice: User, clock: TestClock) -> None:
    for _round in range(ROUNDS):
        phone, thief = stolen(alice, clock)
        turn_on(thief, "Thief’s")
        thief.post(f"/2fa/totp/{phone.pk}/remove/")
        both = [link_about("method.added"), link_about("method.removed")]

        race(4, lambda number: Client().post(both[number % 2]).status_code)  # noqa: B023

        assert names(alice) == ["Phone"]
        assert is_locked(alice)
        assert User.objects.get(pk=alice.pk).method_returns_at is None
        assert is_consistent(alice)


def test_stopping_against_the_end_of_the_day(alice: User, clock: TestClock) -> None:
    """Stopped, or back: never both, and the copies say what the devices say."""
    for _round in range(ROUNDS):
        phone, thief = stolen(alice, clock)
        turn_on(thief, "New")
        thief.post(f"/2fa/totp/{phone.pk}/remove/", {"is_lost": "on"})
        Client().post(link_about("method.lost"))
        stop = link_about("method.put_back_later")
        clock.advance(timedelta(hours=24, seconds=1))

        def act(number: int) -> int:
            if number == 0:
                return Client().post(stop).status_code  # noqa: B023
            bring_methods_back()
            return 0

        race(3, act)

        assert names(alice) in (["New"], ["New", "Phone"])
        assert User.objects.get(pk=alice.pk).method_returns_at is None
        assert is_consistent(alice)

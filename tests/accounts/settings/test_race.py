"""Deleting at the instant of something else: threads on the database, through the front door."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.settings.models import Deletion
from accounts.user.models import User
from audit.models import SecurityEvent
from lib import links
from lib.models import Counter
from messaging.models import Message
from organizations.members.models import Membership, Role
from organizations.organization.models import Organization
from tests.accounts.browsers import is_in
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from tests.bed.race import race, rounds, threads

if TYPE_CHECKING:
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = rounds(10)
THREADS = 8
STEP = timedelta(seconds=31)  # a code counts once
PAGE = "/settings/delete/"


def reopen(user: User) -> None:
    """For the next round, by the link in the mail."""
    deletion = Deletion.objects.get(user=user, restored_at=None)
    token = links.token_for("account_restore", deletion.pk)
    assert Client().post(f"/settings/restore/{token}/").status_code == 302


def test_deleting_against_signing_in_lets_nobody_in(alice: User) -> None:
    """Whoever comes first: nobody is signed in after, nor once the account is restored."""
    for _round in range(ROUNDS):
        Counter.objects.all().delete()
        owner = Client()
        sign_in(owner, alice)
        others = [Client(REMOTE_ADDR=f"198.51.{number}.7") for number in range(THREADS)]

        def act(number: int) -> int:
            if number == 0:
                return owner.post(PAGE, {"password": PASSWORD}).status_code  # noqa: B023
            return give_password(others[number - 1], alice).status_code  # noqa: B023

        deleted, *signed_in = race(THREADS + 1, act)

        assert deleted == 302
        assert set(signed_in) <= {302, 400, 422, 429}
        assert not any(is_in(client) for client in (owner, *others))
        reopen(alice)
        assert not any(is_in(client) for client in (owner, *others))


def test_deleting_against_the_second_step_lets_nobody_in(alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    for _round in range(ROUNDS):
        Counter.objects.all().delete()
        owner, other = Client(), Client()
        sign_in(owner, alice)
        clock.advance(STEP)
        give_password(other, alice)
        code = totp_code(device)
        pages = [(owner, PAGE, {"password": PASSWORD}), (other, "/login/verify/totp/", {"code": code})]

        deleted, _answered = race(2, lambda n: pages[n][0].post(*pages[n][1:]).status_code)  # noqa: B023

        assert deleted == 302
        assert not is_in(owner)
        assert not is_in(other)
        reopen(alice)
        assert not is_in(other)
        clock.advance(STEP)


def test_deleting_in_many_windows_happens_once(alice: User) -> None:
    owner = Client()
    sign_in(owner, alice)
    windows = []
    for _ in range(THREADS):
        window = Client()
        window.cookies.update(owner.cookies)
        windows.append(window)

    statuses = race(THREADS, lambda n: windows[n].post(PAGE, {"password": PASSWORD}).status_code)

    assert all(status < 500 for status in statuses)
    assert Deletion.objects.filter(user=alice).count() == 1


def test_of_the_last_two_legal_representatives_one_stays(alice: User, bob: User) -> None:
    organization = Organization.objects.create(name="Alpina Media SA", slug="alpina")
    for user in (alice, bob):
        Membership.objects.create(user=user, organization=organization, role=Role.LEGAL_REPRESENTATIVE)
    for _round in range(ROUNDS):
        clients = [Client(), Client()]
        for client, user in zip(clients, (alice, bob), strict=True):
            sign_in(client, user)

        race(2, lambda n: clients[n].post(PAGE, {"password": PASSWORD}).status_code)  # noqa: B023

        gone = list(User.objects.filter(is_active=False))
        assert len(gone) == 1
        reopen(gone[0])


def test_many_switches_of_the_alerts_at_once_are_told_in_two_mails(alice: User) -> None:
    browser = Client()
    sign_in(browser, alice)
    windows = [Client() for _thread in range(threads(32))]
    for window in windows:
        window.cookies.update(browser.cookies)
    fields = {"language": "en", "time_zone": "UTC"}
    alerts: tuple[dict[str, str], ...] = ({}, {"alerts": "on"})

    statuses = race(len(windows), lambda n: windows[n].post("/settings/", fields | alerts[n % 2]).status_code)

    assert set(statuses) == {302}
    switched = SecurityEvent.objects.filter(user=alice, slug__startswith="alerts.").count()
    told = Message.objects.filter(user=alice, kind="security_event")
    assert 0 < told.count() <= 2
    assert sum(message.details["count"] for message in told) == switched

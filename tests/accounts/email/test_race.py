"""Confirming, stopping and asking at the same instant: threads on the database, through the front door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.email.models import EmailChange
from lib import links
from lib.models import Counter
from tests.accounts.browsers import is_in
from tests.bed.people import sign_in
from tests.bed.race import race, rounds

if TYPE_CHECKING:
    from accounts.user.models import User

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = rounds(10)
THREADS = 8


def wish(client: Client, user: User, email: str) -> EmailChange:
    """A pending change, asked for on the page."""
    Counter.objects.all().delete()
    assert client.post("/email/", {"email": email}).status_code == 302
    return EmailChange.objects.get(user=user, state="pending")


def verify_link(change: EmailChange) -> str:
    return f"/email/verify/{links.token_for('email_verify', change.pk)}/"


def stop_link(change: EmailChange) -> str:
    return f"/email/stop/{links.token_for('email_stop', change.pk)}/"


def test_confirming_against_stopping_ends_with_the_old_address(alice: User) -> None:
    """Whoever comes first: the stop came through, so the address is the old one and nobody is signed in."""
    old = alice.email
    for number in range(ROUNDS):
        thief, owner = Client(), Client()
        sign_in(thief, alice)
        change = wish(thief, alice, f"thief@{number}.example")
        pages = [(thief, verify_link(change)), (owner, stop_link(change))]

        confirmed, stopped = race(2, lambda n: pages[n][0].post(pages[n][1]).status_code)  # noqa: B023

        alice.refresh_from_db()
        assert stopped == 302
        assert confirmed in {302, 400, 410}  # 400: the session ended while it was answered
        assert alice.email == old
        assert not is_in(thief)
        assert not EmailChange.objects.filter(state__in=["pending", "confirmed"]).exists()


def test_of_many_confirmations_one_counts(alice: User) -> None:
    for number in range(ROUNDS):
        client = Client()
        sign_in(client, alice)
        generation = alice.auth_generation
        link = verify_link(wish(client, alice, f"alice@{number}.example"))
        windows = [window_of(client) for _thread in range(THREADS)]

        statuses = race(THREADS, lambda n: windows[n].post(link).status_code)  # noqa: B023

        alice.refresh_from_db()
        assert statuses.count(302) >= 1
        assert all(status < 500 for status in statuses)
        assert alice.email == f"alice@{number}.example"
        assert alice.auth_generation == generation + 1
        assert EmailChange.objects.filter(state="confirmed").count() == number + 1


def test_three_people_confirming_one_free_address(alice: User, bob: User, charlie: User) -> None:
    """One gets it; the others are told, by a page and not by a failure."""
    for number in range(ROUNDS):
        wanted = f"wanted@{number}.example"
        people = (alice, bob, charlie)
        clients = [Client() for _person in people]
        pages = []
        for client, user in zip(clients, people, strict=True):
            sign_in(client, user)
            pages.append(verify_link(wish(client, user, wanted)))

        statuses = race(len(people), lambda n: clients[n].post(pages[n]).status_code)  # noqa: B023

        assert sorted(statuses) == [302, 410, 410]
        winner = statuses.index(302)
        for user in people:
            user.refresh_from_db()
        assert [user.email == wanted for user in people] == [person == winner for person in range(len(people))]
        assert all(is_in(client) for client in clients[:winner] + clients[winner + 1 :])


def test_of_many_wishes_at_once_one_is_pending(alice: User) -> None:
    client = Client()
    sign_in(client, alice)

    statuses = race(THREADS, lambda n: window_of(client).post("/email/", {"email": f"alice@{n}.example"}).status_code)

    assert statuses == [302] * THREADS
    assert EmailChange.objects.filter(user=alice, state="pending").count() == 1


def test_of_many_stops_one_counts(alice: User) -> None:
    client = Client()
    sign_in(client, alice)
    change = wish(client, alice, "alice@new.example")
    client.post(verify_link(change))

    statuses = race(THREADS, lambda _n: Client().post(stop_link(change)).status_code)

    alice.refresh_from_db()
    assert (statuses.count(302), statuses.count(410)) == (1, THREADS - 1)
    assert alice.email == "alice@alpina.example"


def window_of(client: Client) -> Client:
    """Another window of the same browser."""
    window = Client()
    window.cookies.update(client.cookies)
    return window

"""Many threads at one request: answered once, collected once, sent once; phones linked once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from lib.models import Counter
from tests.bed.people import give_password, sign_in
from tests.bed.phone import API
from tests.bed.race import race, rounds, threads
from tests.twofactor.methods.push.phones import (
    PAGE,
    SEND,
    another,
    is_in,
    linked_phone,
    new_phone,
    number_in,
    waiting,
)
from tests.twofactor.methods.push.test_link import code_in
from twofactor.challenge.budget import PER_NETWORK
from twofactor.methods.push.limits import MOST_TRIALS
from twofactor.methods.push.models import PushDevice, PushRequest

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.evidence import Evidence

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, ROUNDS = threads(32), rounds(10)


def afresh() -> None:
    """What a round leaves must not limit the next."""
    PushRequest.objects.all().delete()
    Counter.objects.all().delete()


def copies_of(browser: Client, number: int) -> list[Client]:
    """Tabs of one browser."""
    copies = [Client(HTTP_USER_AGENT=browser.defaults["HTTP_USER_AGENT"]) for _ in range(number)]
    for copy in copies:
        copy.cookies.update(browser.cookies)
    return copies


def collect(user: User, threads: int) -> int:
    """One approval, many tabs; returns how many were let in."""
    afresh()
    phone, browser = linked_phone(user), waiting(user)
    phone.yes(phone.pending()[0], number_in(browser))
    tabs = copies_of(browser, threads)
    answers = race(threads, lambda number: tabs[number].post(PAGE).headers.get("Location", ""))
    PushDevice.objects.all().delete()
    return answers.count("/security/")


def test_one_approval_is_collected_once(alice: User) -> None:
    assert [collect(alice, THREADS) for _ in range(ROUNDS)] == [1] * ROUNDS


@pytest.mark.prove
def test_n2_one_approval_is_collected_once(alice: User, evidence: Evidence) -> None:
    rounds, threads = 160, 64
    wrong = sum(collect(alice, threads) != 1 for _ in range(rounds))
    evidence("N2 push decision: approvals collected not exactly once", rounds * threads, wrong, f"{rounds} × {threads}")


def test_of_two_phones_one_decides(alice: User) -> None:
    for _round in range(ROUNDS):
        afresh()
        phones = [linked_phone(alice), linked_phone(alice, name="Tablet")]
        browser = waiting(alice)
        number = number_in(browser)
        requests = [phone.pending()[0] for phone in phones]

        replies = race(
            2,
            lambda n: phones[n].yes(requests[n], number) if n else phones[n].no(requests[n]),  # noqa: B023
        )

        assert sorted(reply.status for reply in replies) == [200, 409]
        decided = {"approved", "denied"} & {PushRequest.objects.get().state}
        assert len(decided) == 1
        PushDevice.objects.all().delete()


def test_a_trial_is_approved_once(alice: User) -> None:
    phone = linked_phone(alice)
    for _round in range(rounds(3)):
        afresh()
        number = phone.try_out().body["number"]
        [request] = phone.pending()

        replies = race(8, lambda _n: phone.yes(request, number).status)  # noqa: B023

        assert sorted(replies) == [200] + 7 * [409]


def test_many_numbers_at_once_are_one_try(alice: User) -> None:
    for _round in range(rounds(3)):
        afresh()
        phone, browser = linked_phone(alice), waiting(alice)
        [request] = phone.pending()
        wrong = another(number_in(browser))

        replies = race(THREADS, lambda _n: phone.yes(request, wrong).status)  # noqa: B023

        assert replies.count(422) == 1
        assert set(replies) <= {422, 409, 429, 410}
        PushDevice.objects.all().delete()


def test_a_wrong_number_that_comes_too_late_gives_no_try_back(alice: User) -> None:
    for _round in range(ROUNDS):
        afresh()
        phone, browser = linked_phone(alice), waiting(alice)
        [request] = phone.pending()
        wrong = another(number_in(browser))

        race(8, lambda _n: phone.yes(request, wrong).status)  # noqa: B023

        tries = Counter.objects.get(key=PER_NETWORK.key(alice.pk, "127.0.0.0/24"))
        assert 1 <= tries.taken == tries.in_a_row <= 8
        PushDevice.objects.all().delete()


def test_one_signed_call_in_many_copies_counts_once(alice: User) -> None:
    """PU-02."""
    phone = linked_phone(alice)
    path = API + "requests/pending"

    for _ in range(ROUNDS):
        afresh()
        signed = {"Authorization": phone.authorization("POST", path, b"")}
        statuses = race(THREADS, lambda _n, signed=signed: Client().generic("POST", path, headers=signed).status_code)
        assert sorted(statuses) == [200] + [401] * (THREADS - 1)


def test_many_trials_at_once_are_as_many_as_there_may_be(alice: User) -> None:
    phone = linked_phone(alice)

    replies = race(THREADS, lambda _n: phone.try_out())

    assert sorted(reply.status for reply in replies) == [201] * MOST_TRIALS + [409] * (THREADS - MOST_TRIALS)
    assert PushRequest.objects.open().count() == 1


def test_many_browsers_at_once_make_one_request(alice: User) -> None:
    linked_phone(alice)
    browsers = [Client(REMOTE_ADDR=f"198.51.{number}.7") for number in range(THREADS)]
    for browser in browsers:
        give_password(browser, alice)
    for _round in range(rounds(3)):
        afresh()

        statuses = race(THREADS, lambda number: browsers[number].post(SEND).status_code)

        assert set(statuses) == {302}
        assert PushRequest.objects.filter(state="pending").count() == PushRequest.objects.count() == 1


def test_many_phones_with_one_code_are_one(alice: User) -> None:
    computer = Client()
    sign_in(computer, alice)
    for _round in range(rounds(3)):
        afresh()
        computer.post("/2fa/push/add/", {"new": "1"})
        code = code_in(computer)
        phones = [new_phone() for _ in range(THREADS)]

        statuses = race(THREADS, lambda number: phones[number].link(pairing=code).status)  # noqa: B023

        assert statuses.count(202) == 1
        assert set(statuses) <= {202, 404, 429}


def test_the_same_key_twice_at_once_is_one_device(alice: User) -> None:
    browser = Client()
    sign_in(browser, alice)
    phone = new_phone(browser)

    replies = race(2, lambda _n: phone.call("POST", "devices", {"key": phone.jwk, "name": "X", "subscription": None}))

    assert PushDevice.objects.count() == 1
    assert min(reply.status for reply in replies) == 201
    assert is_in(browser)

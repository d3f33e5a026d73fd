"""One answer at the same instant in many requests; two answers at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lib.models import Counter
from tests.bed.authenticators import Authenticator
from tests.bed.people import security_key
from tests.bed.race import race, rounds, threads
from tests.bed.visitor import Visitor
from twofactor.methods.webauthn.models import WebAuthnDevice

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.authenticators import Json
    from tests.bed.evidence import Evidence
    from tests.bed.visitor import Answer

ADD = "/2fa/webauthn/add/"
VERIFY = "/login/verify/webauthn/"
PASSKEY = "/login/passkey/"


def ask(visitor: Visitor, url: str) -> Json:
    options: dict[str, Any] = json.loads(visitor.post(url).body)
    return options


def is_in(answer: Answer) -> bool:
    return answer.status == 302 and "/login/" not in answer.location


def double_spends(url: str, alice: User, *, rounds: int, requests: int) -> int:
    """In how many rounds one answer of a passkey was taken more than once, or never."""
    key, wrong = security_key(alice), 0
    for _ in range(rounds):
        visitor = Visitor(url)
        sent = json.dumps(key.sign(ask(visitor, f"{PASSKEY}options/")))
        # One browser many times over; networks of their own, or the limit would stop most before the check.
        copies = [
            Visitor(url, address=f"198.51.{number}.7", cookies=dict(visitor.cookies)) for number in range(requests)
        ]
        answers = race(requests, lambda number, copies=copies, sent=sent: copies[number].post(PASSKEY, credential=sent))
        wrong += sum(map(is_in, answers)) != 1
        Counter.objects.all().delete()
    return wrong


def test_one_answer_lets_one_request_in_wa_04(gunicorn_url: str, alice: User) -> None:
    assert double_spends(gunicorn_url, alice, rounds=rounds(10), requests=threads(32)) == 0


@pytest.mark.prove
def test_one_answer_lets_one_request_in_10240_times(gunicorn_url: str, alice: User, evidence: Evidence) -> None:
    failed = double_spends(gunicorn_url, alice, rounds=160, requests=64)

    evidence(
        "N2 one answer of a passkey at the same instant in 64 requests", 160 * 64, failed, "rounds without one winner"
    )


def test_one_answer_as_a_second_step_in_64_requests(gunicorn_url: str, alice: User) -> None:
    key = security_key(alice)
    visitor = Visitor(gunicorn_url)
    visitor.give_password(alice)
    sent = json.dumps(key.sign(ask(visitor, f"{VERIFY}options/")))
    copies = [Visitor(gunicorn_url, address=f"198.51.{n}.7", cookies=dict(visitor.cookies)) for n in range(threads(64))]

    answers = race(len(copies), lambda number: copies[number].post(VERIFY, credential=sent))

    assert sum(map(is_in, answers)) == 1
    assert WebAuthnDevice.objects.get().sign_count == 1


def test_one_key_in_16_requests_is_added_once(gunicorn_url: str, alice: User) -> None:
    visitor = Visitor(gunicorn_url)
    visitor.give_password(alice)
    sent = json.dumps(Authenticator().register(ask(visitor, f"{ADD}options/")))
    copies = [Visitor(gunicorn_url, cookies=dict(visitor.cookies)) for _ in range(threads(16))]

    answers = race(len(copies), lambda number: copies[number].post(ADD, credential=sent))

    assert [answer.location for answer in answers].count("/2fa/backup-codes/") == 1
    assert all(answer.status < 500 for answer in answers)
    assert WebAuthnDevice.objects.filter(user=alice).count() == 1


def test_two_answers_at_once_leave_the_higher_count_wa_06(gunicorn_url: str, alice: User) -> None:
    key = security_key(alice, sign_count=10)
    browsers = [Visitor(gunicorn_url, address=f"198.51.{number}.7") for number in range(2)]
    sent = [json.dumps(key.sign(ask(browser, f"{PASSKEY}options/"))) for browser in browsers]

    race(2, lambda number: browsers[number].post(PASSKEY, credential=sent[number]))

    device = WebAuthnDevice.objects.get()
    assert (device.sign_count, device.flagged_at) == (12, None)

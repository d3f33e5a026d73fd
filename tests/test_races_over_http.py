"""One code, many browsers, four production workers: one of them gets in (N2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lib.models import Counter
from tests.bed.people import code_app, totp_code
from tests.bed.race import race
from tests.bed.visitor import Visitor
from twofactor.methods.totp.models import TOTPDevice

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.evidence import Evidence


def double_spends(url: str, alice: User, *, rounds: int, browsers: int) -> int:
    """Of how many rounds two or more came in with the one code, or nobody did."""
    device, wrong = code_app(alice), 0
    for _ in range(rounds):
        # Networks of their own, or the budget for wrong codes would stop most before the check.
        waiting = [Visitor(url, address=f"198.51.{number}.7") for number in range(browsers)]
        race(browsers, lambda number, waiting=waiting: waiting[number].give_password(alice).status)
        code = totp_code(device)
        answers = race(
            browsers,
            lambda number, waiting=waiting, code=code: waiting[number].post("/login/verify/totp/", code=code),
        )
        came_in = [answer for answer in answers if answer.status == 302 and "/login/" not in answer.location]
        wrong += len(came_in) != 1
        TOTPDevice.objects.update(last_step=-1)  # rather than wait for the next code
        Counter.objects.all().delete()
    return wrong


def test_one_code_lets_one_browser_in(gunicorn_url: str, alice: User) -> None:
    assert double_spends(gunicorn_url, alice, rounds=10, browsers=32) == 0


@pytest.mark.prove
def test_one_code_lets_one_browser_in_10240_times(gunicorn_url: str, alice: User, evidence: Evidence) -> None:
    failed = double_spends(gunicorn_url, alice, rounds=160, browsers=64)

    evidence(
        "N2 one TOTP code at the same instant in 64 browsers", 160 * 64, failed, "rounds with other than one winner"
    )

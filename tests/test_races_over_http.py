"""One code or link, many browsers at the same instant, four production workers: it counts once (N2, TO-02, BC-02)."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from accounts.models import PasswordReset, Session
from lib import links
from lib.models import Counter
from tests.bed.people import PASSWORD, code_app, totp_code
from tests.bed.race import rounds, threads
from tests.bed.visitor import Visitor, burst
from twofactor.models import BackupCodes, TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from accounts.user.models import User
    from tests.bed.evidence import Evidence
    from tests.bed.visitor import Answer

TRIES, BURST = 10_240, 64
FRESH_EVERY = 40  # rounds: a pending sign-in lasts ten minutes
NOTE = "bursts of 64 on four workers"


class Crowd:
    """Browsers in which the password was given. Whoever fails may try again, so only winners are replaced."""

    def __init__(self, url: str, user: User, size: int) -> None:
        self.url, self.user = url, user
        self.numbers = count()
        self.visitors = [self.another() for _ in range(size)]

    def another(self) -> Visitor:
        # In networks of their own, or the budget for wrong codes would stop most before the check.
        number = next(self.numbers)
        visitor = Visitor(self.url, address=f"198.{number // 250 % 250}.{number % 250}.7")
        assert visitor.give_password(self.user).location.startswith("/login/verify/")
        return visitor

    def answer(self, path: str, code: str) -> int:
        """All at once; returns how many came in."""
        answers = burst(self.visitors, path, code=code)
        winners = [number for number, answer in enumerate(answers) if came_in(answer)]
        for number in winners:
            self.visitors[number] = self.another()
        return len(winners)


def came_in(answer: Answer) -> bool:
    return answer.status == 302 and "/login/" not in answer.location


def double_spends(url: str, user: User, codes: Iterator[str], path: str, *, rounds: int, size: int) -> int:
    """In how many rounds other than one browser came in, by its answer or by the sessions there are."""
    wrong = 0
    for number in range(rounds):
        code = next(codes)
        if number % FRESH_EVERY == 0:
            Counter.objects.all().delete()
            crowd = Crowd(url, user, size)
        wrong += crowd.answer(path, code) != 1
        Counter.objects.all().delete()  # so many losers in a row would close codes for good
    sessions = Session.objects.filter(user=user).exclude(proved_by="").count()
    return max(wrong, abs(sessions - rounds))


def app_codes(user: User) -> Iterator[str]:
    device = code_app(user)
    while True:
        TOTPDevice.objects.update(last_step=-1)  # rather than wait for the next code
        yield totp_code(device)


def backup_codes(user: User) -> Iterator[str]:
    """Those of one set after the other, each set to its end."""
    code_app(user)
    while True:
        with transaction.atomic():
            BackupCodes.everything.filter(user=user).delete()
            BackupCodes.make_for(user)
        yield from BackupCodes.objects.get(user=user).plain


CODES: dict[str, tuple[str, Callable[[User], Iterator[str]]]] = {
    "TOTP code": ("/login/verify/totp/", app_codes),
    "backup code": ("/login/verify/backup-codes/", backup_codes),
}


@pytest.mark.parametrize("kind", CODES)
def test_one_code_lets_one_browser_in(kind: str, gunicorn_url: str, alice: User) -> None:
    path, codes = CODES[kind]

    assert double_spends(gunicorn_url, alice, codes(alice), path, rounds=rounds(10), size=threads(32)) == 0


@pytest.mark.prove
@pytest.mark.parametrize("kind", CODES)
def test_one_code_lets_one_browser_in_10240_times(
    kind: str, gunicorn_url: str, alice: User, evidence: Evidence
) -> None:
    path, codes = CODES[kind]

    failed = double_spends(gunicorn_url, alice, codes(alice), path, rounds=TRIES // BURST, size=BURST)

    evidence(f"N2 one {kind} at the same instant: rounds with other than one winner", TRIES, failed, NOTE)


def reused_links(url: str, user: User, *, rounds: int, size: int) -> int:
    """In how many rounds one link changed the password for other than one browser."""
    code_app(user)
    browsers = [Visitor(url, address=f"198.51.{number}.7") for number in range(size)]
    wrong = 0
    for number in range(rounds):
        user.refresh_from_db()
        link = PasswordReset.objects.create(user=user, auth_generation=user.auth_generation)
        path = f"/password/reset/{links.token_for('password_reset', link.pk)}/"
        statuses = [answer.status for answer in burst(browsers, path, password=f"{PASSWORD}-{number}")]
        wrong += statuses.count(302) != 1
        Counter.objects.all().delete()
    user.refresh_from_db()
    return max(wrong, abs(user.auth_generation - rounds))


def test_one_link_changes_the_password_once(gunicorn_url: str, alice: User) -> None:
    assert reused_links(gunicorn_url, alice, rounds=rounds(10), size=threads(32)) == 0


@pytest.mark.prove
def test_one_link_changes_the_password_once_10240_times(gunicorn_url: str, alice: User, evidence: Evidence) -> None:
    failed = reused_links(gunicorn_url, alice, rounds=TRIES // BURST, size=BURST)

    evidence("N2 one reset link at the same instant: rounds with other than one winner", TRIES, failed, NOTE)

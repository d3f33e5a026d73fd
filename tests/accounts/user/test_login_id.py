from __future__ import annotations

import re
from itertools import count, pairwise
from typing import TYPE_CHECKING

import pytest

from accounts.user import login_id
from accounts.user.models import User

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPE = re.compile(r"[A-HJ-NP-Z]{2}[0-9]{5,}")


def test_it_has_two_letters_and_five_digits() -> None:
    made = {login_id.candidate(0) for _ in range(500)}

    assert all(SHAPE.fullmatch(candidate) and len(candidate) == 7 for candidate in made)
    assert len(made) > 490


def test_it_grows_when_many_were_taken() -> None:
    assert [len(login_id.candidate(tries)) for tries in (0, 3, 4, 7, 8, 40)] == [7, 7, 8, 8, 9, 17]


def test_it_stays_short_enough_for_its_column() -> None:
    longest = User._meta.get_field("login_id").max_length
    assert longest is not None

    assert len(login_id.candidate(4 * 9 + 3)) <= longest


@pytest.mark.django_db
def test_one_does_not_lead_to_the_next() -> None:
    people = [User.objects.create_user(email=f"p{n}@alpina.example", name="P", country="CH") for n in range(40)]
    numbers = [int(user.login_id[2:]) for user in people]
    steps = {later - earlier for earlier, later in pairwise(numbers)}

    assert all(SHAPE.fullmatch(user.login_id) for user in people)
    assert len({user.login_id for user in people}) == 40
    assert len(steps) > 30
    assert sorted(numbers) != numbers


@pytest.mark.django_db
def test_a_taken_one_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(_tries: int, numbers: Iterator[int] = count()) -> str:  # noqa: B008 - one count for all calls
        return f"AB{10000 + next(numbers) // 2}"

    monkeypatch.setattr(login_id, "candidate", made)

    first, second = (User.objects.create_user(email=f"p{n}@alpina.example", name="P", country="CH") for n in range(2))

    assert (first.login_id, second.login_id) == ("AB10000", "AB10001")

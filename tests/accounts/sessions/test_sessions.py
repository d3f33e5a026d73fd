"""/sessions/: where somebody is signed in, and signing out there (SE-06, ASVS 7.5.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.login.alerts import tell_half_finished
from accounts.models import LoginAttempt, PasswordReset, Session
from lib import links
from tests.accounts.browsers import is_in
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from tests.bed.race import race
from tests.twofactor.trusted_browsers.remembering import is_asked, remembered, sign_in_again
from twofactor.models import TOTPDevice, TrustedBrowser

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPAD = "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1"
FRESH = "Seven-Green-Bottles-Hang-Low-3"


@pytest.fixture
def here(alice: User) -> Client:
    return signed_in(alice, FIREFOX)


@pytest.fixture
def there(here: Client, alice: User) -> Client:  # noqa: ARG001 - comes after
    return signed_in(alice, IPAD)


def signed_in(user: User, agent: str) -> Client:
    client = Client(HTTP_USER_AGENT=agent)
    sign_in(client, user)
    return client


def session_of(client: Client) -> Session:
    row: Session = client.session.row
    return row


def page_of(client: Client) -> str:
    return client.get(PAGE).content.decode()


# ── What it shows ──
def test_alone_it_says_so_and_offers_nothing_to_sign_out(here: Client) -> None:
    page = page_of(here)

    assert "You’re signed in only here." in page
    assert "Sign out everywhere else" not in page
    assert "This browser" in page


def test_it_names_browser_system_and_what_proved_it(here: Client, there: Client, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=20))
    assert is_in(there)
    clock.advance(timedelta(minutes=20))
    page = page_of(here)

    assert "Firefox on Linux" in page
    assert "Mobile Safari on iOS" in page
    assert page.count("This browser") == 1
    assert page.index("This browser") < page.index("Mobile Safari")
    assert "Active now" in page
    assert "20 minutes ago" in page
    assert page.count("with: Password") == 2


@pytest.mark.parametrize("proof", ["Code app", "Remembered browser"])
def test_what_proved_it_is_said_in_words(proof: str, alice: User) -> None:
    code_app(alice)
    client = remembered(alice)
    if proof == "Remembered browser":
        sign_in_again(client, alice)

    assert f"with: {proof}" in page_of(client)
    assert proof in client.get("/activity/").content.decode()


def test_what_is_over_is_listed_with_the_reason(here: Client, there: Client, alice: User, clock: TestClock) -> None:
    there.post("/logout/")
    rested = signed_in(alice, IPAD)
    rested.get(PAGE)
    here.post("/password/", {"current_password": PASSWORD, "password": FRESH})
    page = page_of(here)
    clock.advance(timedelta(days=15))
    again = Client()
    give_password(again, alice, FRESH)

    assert "Signed out" in page
    assert "Password changed" in page
    assert "Mobile Safari" not in page_of(again)


def test_one_that_ran_out_says_that(here: Client, alice: User, clock: TestClock) -> None:
    assert is_in(here)
    clock.advance(timedelta(days=2))

    assert "Ran out" in page_of(signed_in(alice, IPAD))


def test_a_browser_s_name_is_text_and_nothing_else(here: Client, alice: User) -> None:
    signed_in(alice, "<script>alert(1)</script>")

    assert "<script>alert" not in page_of(here)


@pytest.mark.parametrize("count", [1, 12])
def test_more_sessions_cost_no_more_statements(
    count: int, here: Client, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        signed_in(alice, IPAD)

    with django_assert_max_num_queries(4):
        here.get(PAGE)


# ── Signing out ──
def test_one_is_out_at_its_next_request_and_nobody_else(here: Client, there: Client, alice: User) -> None:
    third = signed_in(alice, FIREFOX)
    row = session_of(there)

    answer = here.post(f"{PAGE}{row.pk}/end/")

    assert answer.headers["Location"] == PAGE
    assert (is_in(here), is_in(there), is_in(third)) == (True, False, True)
    row.refresh_from_db()
    assert (row.ended_by, row.data) == ("elsewhere", "")


def test_everywhere_else(here: Client, there: Client, alice: User) -> None:
    third = signed_in(alice, FIREFOX)

    here.post(f"{PAGE}others/end/")

    assert (is_in(here), is_in(there), is_in(third)) == (True, False, False)


def test_everywhere(here: Client, there: Client) -> None:
    answer = here.post(f"{PAGE}all/end/")

    assert answer.headers["Location"] == "/login/"
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Clear-Site-Data" not in answer.headers
    assert (is_in(here), is_in(there)) == (False, False)
    assert set(Session.objects.exclude(user=None).values_list("ended_by", flat=True)) == {"signed_out", "elsewhere"}


def test_somebody_between_the_two_steps_is_stopped_too(alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    here = signed_in(alice, FIREFOX)
    clock.advance(timedelta(minutes=1))
    half = Client()
    give_password(half, alice)

    here.post(f"{PAGE}others/end/")
    answer = half.post("/login/verify/totp/", {"code": totp_code(device)})

    assert answer.headers["Location"] == "/login/"
    assert not is_in(half)
    assert LoginAttempt.objects.latest("pk").state == "abandoned"
    tell_half_finished()


def test_other_people_s_sessions_go_on(here: Client, bob: User) -> None:
    bobs = signed_in(bob, IPAD)

    here.post(f"{PAGE}others/end/")

    assert is_in(bobs)


@pytest.mark.parametrize("end", ["others/end/", "all/end/"])
def test_no_browser_is_remembered_any_more(alice: User, clock: TestClock, end: str) -> None:
    code_app(alice)
    there = remembered(alice)
    clock.advance(timedelta(minutes=2))
    here = signed_in(alice, FIREFOX)
    assert "forgets all remembered browsers" in page_of(here)

    here.post(f"{PAGE}{end}")

    assert not is_in(there)
    assert is_asked(give_password(there, alice))
    assert is_in(here) == ("others" in end)


# ── Attacks ──
def test_somebody_else_s_session_is_not_there(here: Client, charlie: User) -> None:
    stranger = signed_in(charlie, IPAD)
    row = session_of(here)

    assert stranger.post(f"{PAGE}{row.pk}/end/").status_code == 404
    assert is_in(here)
    assert "Firefox" not in page_of(stranger)


@pytest.mark.parametrize("pk", ["0", "999999999999", "x", "-1", "1e3", "%00"])
def test_no_such_session(here: Client, pk: str) -> None:
    assert here.post(f"{PAGE}{pk}/end/").status_code == 404


def test_one_that_is_over_is_not_there(here: Client, there: Client) -> None:
    pk = session_of(there).pk

    assert [here.post(f"{PAGE}{pk}/end/").status_code for _ in range(2)] == [302, 404]


@pytest.mark.parametrize("what", ["{pk}", "others", "all"])
def test_it_asks_to_confirm_first(here: Client, there: Client, clock: TestClock, what: str) -> None:
    """SE-06: one factor again."""
    address = f"{PAGE}{what.format(pk=session_of(there).pk)}/end/"
    clock.advance(timedelta(minutes=16))

    assert here.post(address).headers["Location"].startswith("/confirm/?next=")
    assert here.get(address).headers["Location"].startswith("/confirm/?next=")
    assert is_in(there)
    here.post("/confirm/", {"password": PASSWORD})
    assert here.get(address).status_code == 405
    assert here.post(address).status_code == 302
    assert not is_in(there)


def test_with_a_second_step_the_password_does_not_confirm_it(alice: User) -> None:
    code_app(alice)
    here = remembered(alice)
    sign_in_again(here, alice)

    here.post("/confirm/", {"password": PASSWORD})

    assert here.post(f"{PAGE}others/end/").headers["Location"].startswith("/confirm/")


# ── A change ends the others, and what was remembered (SE-02) ──
def new_password(client: Client, _alice: User) -> str:
    client.post("/password/", {"current_password": PASSWORD, "password": FRESH})
    return FRESH


def method_removed(client: Client, alice: User) -> str:
    client.post(f"/2fa/totp/{TOTPDevice.objects.filter(user=alice).latest('pk').pk}/remove/")
    return PASSWORD


def reset(_client: Client, alice: User) -> str:
    stranger = Client()
    stranger.post("/password/forgot/", {"login": alice.email})
    token = links.token_for("password_reset", PasswordReset.objects.latest("pk").pk)
    stranger.post(f"/password/reset/{token}/", {"password": FRESH})
    return FRESH


@pytest.mark.parametrize("change", [new_password, method_removed, reset])
def test_the_others_are_out_and_every_browser_is_asked_at_the_next_request(
    change: object, alice: User, clock: TestClock
) -> None:
    code_app(alice, "Phone")
    code_app(alice, "Tablet")
    browsers = []
    for _ in range(3):
        clock.advance(timedelta(minutes=2))
        browsers.append(remembered(alice))
    acting, second, third = browsers

    password = change(acting, alice)  # type: ignore[operator]

    assert is_in(acting) is (change is not reset)
    assert (is_in(second), is_in(third)) == (False, False)
    assert not [row for row in TrustedBrowser.objects.all() if row.auth_generation == generation(alice)]
    for browser in browsers:
        browser.post("/logout/")
        assert is_asked(give_password(browser, alice, password))


def generation(user: User) -> int:
    user.refresh_from_db()
    return user.auth_generation


# ── Races ──
@pytest.mark.django_db(transaction=True)
def test_two_browsers_that_sign_each_other_out_are_never_both_in(alice: User) -> None:
    for _ in range(10):
        browsers = [signed_in(alice, FIREFOX) for _ in range(2)]

        race(2, lambda number: browsers[number].post(f"{PAGE}others/end/").status_code)  # noqa: B023

        assert sum(map(is_in, browsers)) <= 1

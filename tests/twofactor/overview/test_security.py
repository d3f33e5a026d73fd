"""/security/: the first page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.bed.people import PASSWORD, code_app, sign_in
from tests.twofactor.answers import with_backup_codes
from twofactor import registry
from twofactor.models import BackupCodes
from twofactor.overview.card import Card

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from accounts.requests import SignedInRequest
    from accounts.user.models import User

pytestmark = pytest.mark.django_db
PAGE = "/security/"
LEAKED = "password12345"
OWN = 3  # statements of the page beside one for each kind: codes left, sessions, events
REQUEST = 1  # the session with its person, on every page


def page_of(client: Client) -> str:
    return client.get(PAGE).content.decode()


def signed_in(user: User) -> Client:
    client = Client()
    sign_in(client, user)
    return client


def leaked(user: User) -> None:
    user.set_password(LEAKED)
    user.save()


def saved_codes(user: User) -> None:
    with_backup_codes(user)
    BackupCodes.objects.update(saved_at=user.created_at)


def second_app(user: User) -> None:
    saved_codes(user)
    code_app(user, "Tablet")


def card(request: SignedInRequest) -> Card:
    return Card("components/guilloche.html", {"of": request.user})


def no_card(_request: SignedInRequest) -> None:
    return None


@pytest.mark.parametrize(
    ("story", "score", "headline", "next_step"),
    [
        (lambda _user: None, 1, "Your account needs attention.", "Turn on two-step verification"),
        (with_backup_codes, 2, "Almost there, Alice.", "Save your backup codes"),
        (saved_codes, 3, "Almost there, Alice.", "Add a second way to sign in"),
        (second_app, 4, "Your account is well protected.", ""),
    ],
)
def test_it_says_how_it_stands_and_the_one_next_step(
    story: Callable[[User], object], score: int, headline: str, next_step: str, alice: User
) -> None:
    story(alice)
    page = page_of(signed_in(alice))

    assert headline in page
    assert f"{score} of 4" in page
    assert page.count('class="todo"') == (1 if next_step else 0)
    assert next_step in page


def test_a_password_that_has_leaked_comes_first(alice: User) -> None:
    saved_codes(alice)
    leaked(alice)
    client = Client()
    client.post("/login/", {"login": alice.email, "password": LEAKED})
    alice.refresh_from_db()

    assert alice.password_is_leaked
    assert "Choose another password" in page_of(in_spite_of(alice))


def in_spite_of(user: User) -> Client:
    """A browser signed in with the leaked password."""
    client = Client()
    sign_in(client, user, LEAKED)
    return client


def test_a_new_password_is_not_a_leaked_one(alice: User) -> None:
    leaked(alice)
    client = in_spite_of(alice)
    client.post("/password/", {"current_password": LEAKED, "password": PASSWORD})

    assert "Choose another password" not in page_of(client)
    assert "Turn on two-step verification" in page_of(client)


def test_a_wrong_password_says_nothing_of_the_right_one(alice: User) -> None:
    Client().post("/login/", {"login": alice.email, "password": LEAKED})
    alice.refresh_from_db()

    assert not alice.password_is_leaked


def test_the_page_itself_never_asks_the_list(alices: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_password: str) -> bool:
        raise AssertionError

    monkeypatch.setattr("accounts.password.check.is_leaked", fail)

    assert alices.get(PAGE).status_code == 200


def test_it_is_the_first_page(alice: User) -> None:
    client = Client()

    assert sign_in(client, alice).headers["Location"] == PAGE
    assert client.get("/").headers["Location"] == PAGE
    assert page_of(client).index(f'href="{PAGE}" aria-current="page"') < page_of(client).index('href="/2fa/"')


def test_it_shows_browsers_and_what_happened(alice: User) -> None:
    here = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    sign_in(here, alice)
    sign_in(Client(HTTP_USER_AGENT="<b>bold</b>"), alice)
    page = page_of(here)

    assert "Firefox on Linux" in page
    assert page.count("This device") == 1
    assert "You signed in" in page
    assert "<b>bold" not in page


def test_it_shows_nothing_of_others(alice: User, bob: User) -> None:
    code_app(bob, "Bob's phone")
    signed_in(bob)

    assert "Bob" not in page_of(signed_in(alice))


@pytest.mark.parametrize("count", [1, 5])
def test_the_number_of_things_does_not_change_the_number_of_statements(count: int, alice: User) -> None:
    second_app(alice)
    for number in range(count - 1):
        code_app(alice, f"App {number}")
    client = signed_in(alice)

    with CaptureQueriesContext(connection) as captured:
        client.get(PAGE)

    kinds = {kind for method in registry.METHODS for kind in method.kinds}
    assert len(captured) <= REQUEST + OWN + len(kinds), [query["sql"] for query in captured]


def test_apps_above_add_cards(alices: Client, settings: SettingsWrapper) -> None:
    before = page_of(alices).count('class="guil"')
    settings.OVERVIEW_CARDS = (f"{__name__}.no_card", f"{__name__}.card")

    assert page_of(alices).count('class="guil"') == before + 1


def test_a_visitor_is_sent_to_sign_in_and_nothing_is_posted(alices: Client) -> None:
    assert Client().get(PAGE).headers["Location"].startswith("/login/")
    assert alices.post(PAGE).status_code == 405

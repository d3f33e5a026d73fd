"""bücher.example and xn--bcher-kva.example are one domain, wherever an address is compared (and nothing else is)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from accounts.models import EmailChange, Invitation, SignUp
from accounts.user.models import User
from tests.bed.people import PASSWORD, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from pytest_django.fixtures import SettingsWrapper

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
KEPT = "hanna@bücher.example"
SPELLINGS = [
    "hanna@bücher.example",
    "Hanna@Bu\u0308cher.Example",
    "hanna@xn--bcher-kva.example",
    "ｈanna@bücher。example",
]
spelled = pytest.mark.parametrize("typed", SPELLINGS)


def make(email: str) -> User:
    return User.objects.create_user(email=email, password=PASSWORD, name="Hanna Beck", country="CH")


@pytest.fixture
def hanna(db: None) -> User:  # noqa: ARG001 - people are rows
    return make(KEPT)


@spelled
def test_it_signs_in(typed: str, hanna: User) -> None:
    assert Client().post("/login/", {"login": typed, "password": PASSWORD})["Location"] == "/security/"
    assert hanna.email == KEPT


@spelled
def test_there_is_one_account_for_it(typed: str, hanna: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make(typed)
    with pytest.raises(CommandError, match="has an account already"):
        call_command("create_admin", typed)
    assert User.objects.get() == hanna


@spelled
def test_signing_up_with_it_tells_its_owner(typed: str, hanna: User, outbox: Outbox) -> None:
    fields = {"email": typed, "name": "Hanna", "password": "Nine-Herons-Wait-By-Ponds", "country": "CH"}

    assert Client().post("/signup/", fields)["Location"] == "/signup/sent/"

    [mail] = outbox()
    assert mail.to == ["hanna@xn--bcher-kva.example"]
    assert mail.message()["To"] == "hanna@xn--bcher-kva.example"
    assert "/signup/verify/" not in mail.body
    assert SignUp.objects.get().email.startswith("hanna@")
    assert hanna.email == KEPT


@spelled
def test_a_link_for_a_new_password_is_asked_by_it(typed: str, hanna: User, outbox: Outbox) -> None:
    Client().post("/password/forgot/", {"login": typed})

    assert [mail.to for mail in outbox()] == [["hanna@xn--bcher-kva.example"]]
    assert hanna.passwordreset_set.count() == 1


def test_its_tries_count_together_whoever_has_it() -> None:
    spellings = [SPELLINGS[number % len(SPELLINGS)] for number in range(6)]

    statuses = [Client().post("/login/", {"login": one, "password": "wrong"}).status_code for one in spellings]

    assert statuses == [422] * 5 + [429]


@spelled
def test_who_was_invited_may_write_it_otherwise(typed: str, outbox: Outbox, settings: SettingsWrapper) -> None:
    settings.SIGNUP = "invitation"
    call_command("invite", "Hanna@xn--bcher-kva.example")
    address = next(word for word in outbox()[0].body.split() if "invitation=" in word)
    path = address.removeprefix(settings.SITE_URL)
    fields = {"name": "Hanna", "password": "Nine-Herons-Wait-By-Ponds", "country": "CH"}

    assert Client().post(path, {**fields, "email": "hanna@bucher.example"}).status_code == 422
    assert Client().post(path, {**fields, "email": typed})["Location"] == "/signup/sent/"


@pytest.mark.parametrize("typed", ["hanna", "hanna@i\u2764.example", "hanna@"])
def test_nobody_is_invited_where_no_mail_goes(typed: str) -> None:
    for command in ("invite", "create_admin"):
        with pytest.raises(CommandError, match="not an email address"):
            call_command(command, typed)
    assert not Invitation.objects.exists()


@spelled
def test_it_is_no_new_address_for_its_owner_nor_for_another(
    typed: str, hanna: User, alice: User, outbox: Outbox
) -> None:
    own, other = Client(), Client()
    sign_in(own, hanna)
    sign_in(other, alice)
    outbox().clear()

    same = own.post("/email/", {"email": typed})
    taken = other.post("/email/", {"email": typed})

    assert "That is your email already" in same.content.decode()
    assert taken.status_code == 302
    assert {tuple(mail.to) for mail in outbox()} == {("hanna@xn--bcher-kva.example",), (alice.email,)}
    assert EmailChange.objects.get().user == alice


def test_an_address_of_no_domain_is_refused_where_it_is_typed(client: Client) -> None:
    fields = {"email": "hanna@i\u2764.example", "name": "H", "password": "Nine-Herons-Wait-By-Ponds", "country": "CH"}

    assert "Enter an email address such as" in client.post("/signup/", fields).content.decode()


# ── Rows from before ──
BEFORE, AFTER = [("accounts", "0006_known_browsers")], [("accounts", "0007_compared_emails")]


def migrate(to: list[tuple[str, str]]) -> None:
    MigrationExecutor(connection).migrate(to)


@pytest.fixture
def as_before(transactional_db: None) -> object:  # noqa: ARG001 - migrations commit
    """The tables as they were; afterwards whole again."""
    users = [make(KEPT), make("olaf@bucher.example")]
    migrate(BEFORE)
    yield users
    set_apart()
    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())


def _is_whole() -> bool:
    with connection.cursor() as cursor:
        return "email_compared" in {
            c.name for c in connection.introspection.get_table_description(cursor, "accounts_user")
        }


def set_apart() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = login_id || '@alpina.example'")


def test_accounts_from_before_get_their_form_and_lose_it_again(as_before: list[User]) -> None:
    migrate(AFTER)
    assert sorted(User.objects.values_list("email", "email_compared")) == [
        (KEPT, "hanna@xn--bcher-kva.example"),
        ("olaf@bucher.example", "olaf@bucher.example"),
    ]
    migrate(BEFORE)
    assert not _is_whole()
    assert len(as_before) == 2


def test_two_accounts_of_one_mailbox_stop_it_loudly(as_before: list[User]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_user SET email = 'hanna@xn--bcher-kva.example' WHERE id = %s", [as_before[1].pk]
        )

    with pytest.raises(RuntimeError, match="same email address") as refusal:
        migrate(AFTER)

    assert all(user.login_id in str(refusal.value) for user in as_before)
    assert not _is_whole()

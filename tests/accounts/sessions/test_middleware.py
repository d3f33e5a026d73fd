"""Whose session it is (SE-01, DB-05)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.sessions.models import Session
from accounts.user.models import User
from tests.accounts.browsers import browser_with, key_of
from tests.bed.people import sign_in

pytestmark = pytest.mark.django_db


def is_in(client: Client) -> bool:
    return client.get("/2fa/").status_code == 200


def test_a_deleted_person_s_session_is_nobody_s(alice: User, alices: Client) -> None:
    assert alices.get("/2fa/").status_code == 200
    alice.is_active = False
    alice.save()

    assert alices.get("/2fa/").status_code == 302


def test_a_person_who_is_gone_leaves_no_session_behind(alice: User, alices: Client) -> None:
    type(alice).objects.filter(pk=alice.pk).delete()

    assert alices.get("/2fa/").status_code == 302


def test_the_person_comes_with_the_session(alice: User, alices: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        page = alices.get("/password/").content.decode()

    assert alice.email in page
    assert len([query for query in asked if "accounts_user" in query["sql"]]) == 1


def test_the_row_alone_does_not_make_a_session_somebody_else_s(alice: User, bob: User, alices: Client) -> None:
    """Whoever can write to the table has no key for what is signed in it."""
    bobs = Client()
    sign_in(bobs, bob)

    Session.objects.filter(user=alice).update(user=bob)
    assert not is_in(alices)

    of_bob = Session.objects.filter(user=bob).latest("pk")
    of_bob.data = Session.objects.exclude(pk=of_bob.pk).latest("pk").data
    of_bob.save()
    assert not is_in(bobs)


@pytest.mark.parametrize("change", [{"password": "!"}, {"auth_generation": 99}])
def test_it_ends_with_the_password_and_the_methods_it_was_made_with(
    alice: User, alices: Client, change: dict[str, object]
) -> None:
    key = key_of(alices)
    before = Session.objects.get(user=alice)
    User.objects.filter(pk=alice.pk).update(**change)

    assert not is_in(alices)
    User.objects.filter(pk=alice.pk).update(password=alice.password, auth_generation=alice.auth_generation)
    assert not is_in(browser_with(key))
    before.refresh_from_db()
    assert before.ended_at is not None


def test_a_session_without_a_proof_of_the_password_is_nobody_s(alices: Client) -> None:
    session = alices.session
    del session["_auth_user_hash"]
    session.save()

    assert not is_in(alices)

"""Asking for something to be sent (2F-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bed.people import code_app, give_password

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User


def test_nothing_is_sent_by_a_get(alice: User, client: Client) -> None:
    code_app(alice)
    give_password(client, alice)

    assert client.get("/login/verify/totp/send/").status_code == 405


@pytest.mark.parametrize("slug", ["totp", "backup-codes", "none"])
def test_a_method_that_sends_nothing_has_nothing_to_send(slug: str, alice: User, client: Client) -> None:
    code_app(alice)
    give_password(client, alice)

    assert client.post(f"/login/verify/{slug}/send/").status_code == 404


def test_without_a_pending_sign_in_it_leads_to_the_password(client: Client) -> None:
    assert client.post("/login/verify/totp/send/").headers["Location"] == "/login/"

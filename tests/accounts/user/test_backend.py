"""Whose session it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib import auth
from django.test import RequestFactory

from tests.bed.people import PASSWORD

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User

pytestmark = pytest.mark.django_db


def test_it_authenticates_nobody(alice: User) -> None:
    """A right password counts where it is limited and recorded, and nowhere else."""
    request = RequestFactory().post("/login/")

    for credentials in ({"username": alice.email, "password": PASSWORD}, {"email": alice.email, "password": PASSWORD}):
        assert auth.authenticate(request, **credentials) is None


def test_a_deleted_person_s_session_is_nobody_s(alice: User, alices: Client) -> None:
    assert alices.get("/2fa/").status_code == 200
    alice.is_active = False
    alice.save()

    assert alices.get("/2fa/").status_code == 302


def test_a_person_who_is_gone_leaves_no_session_behind(alice: User, alices: Client) -> None:
    type(alice).objects.filter(pk=alice.pk).delete()

    assert alices.get("/2fa/").status_code == 302

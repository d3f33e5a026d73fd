"""What django.contrib.auth may ask of us."""

from __future__ import annotations

import pytest
from django.contrib import auth
from django.test import RequestFactory

from accounts.user.backend import SessionUserBackend
from accounts.user.models import User
from tests.bed.people import PASSWORD

pytestmark = pytest.mark.django_db


def test_it_authenticates_nobody(alice: User) -> None:
    """A right password counts where it is limited and recorded, and nowhere else."""
    request = RequestFactory().post("/login/")

    for credentials in ({"username": alice.email, "password": PASSWORD}, {"email": alice.email, "password": PASSWORD}):
        assert auth.authenticate(request, **credentials) is None


def test_it_knows_the_person_of_an_asynchronous_request(alice: User) -> None:
    backend = SessionUserBackend()

    assert backend.get_user(alice.pk) == alice
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert backend.get_user(alice.pk) is None
    assert backend.get_user(0) is None

"""The hash, and what happens when its parameters change (DB-05, ASVS 11.4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from accounts.user.models import User
from tests.accounts.browsers import WRONG, guess
from tests.bed.people import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

NEW = "Seven-Green-Bottles-Hang-Low-3"


@pytest.fixture
def old_style(alice: User) -> User:
    """Alice, whose password was hashed before Argon2id was chosen."""
    hasher = PBKDF2PasswordHasher()
    User.objects.filter(pk=alice.pk).update(password=hasher.encode(PASSWORD, hasher.salt(), iterations=1000))
    return User.objects.get(pk=alice.pk)


def test_passwords_are_hashed_by_argon2id_with_a_salt_of_their_own(alice: User, bob: User) -> None:
    assert alice.password.startswith("argon2$argon2id$v=19$m=8,t=1,p=1$")
    assert alice.password.split("$")[-2:] != bob.password.split("$")[-2:]


def test_the_next_right_use_hashes_it_anew(old_style: User) -> None:
    statuses = [guess(Client(), old_style, PASSWORD).status_code for _ in range(2)]

    assert statuses == [302, 302]
    assert User.objects.get().password.startswith("argon2$")


def test_a_wrong_use_does_not(old_style: User) -> None:
    guess(Client(), old_style, WRONG)

    assert User.objects.get().password == old_style.password


def test_hashing_anew_does_not_bring_an_old_password_back(old_style: User, hashes: Callable[[], int]) -> None:
    """A sign-in with the old password that was under way while it was changed."""
    changed = User.objects.get(pk=old_style.pk)
    changed.set_password(NEW)
    changed.save()
    hashes()

    assert old_style.check_password(PASSWORD)

    assert hashes() == 1, "it was not hashed anew: nothing was tested"
    assert User.objects.get().check_password(NEW)

"""Locking an account from a test, and the way out as its owner walks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.test import Client

from accounts.lock.actions import lock_account
from accounts.password.models import PasswordReset
from accounts.user.models import LockReason, User
from lib import links
from lib.origin import Origin

if TYPE_CHECKING:
    from django.http import HttpResponse

NEW = "Seven-Green-Bottles-Hang-Low-3"
SOMEWHERE = Origin(ip="198.51.100.9", user_agent="")


def lock(user: User) -> bool:
    """As the link in an alert does it."""
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        return lock_account(locked, why=LockReason.NOT_ME, origin=SOMEWHERE)


def reset_link(user: User) -> str:
    """The newest one that was mailed."""
    return (
        f"/password/reset/{links.token_for('password_reset', PasswordReset.objects.filter(user=user).latest('pk').pk)}/"
    )


def set_password(user: User, password: str = NEW, browser: Client | None = None) -> HttpResponse:
    return (browser or Client()).post(reset_link(user), {"password": password})


def is_locked(user: User) -> bool:
    return User.objects.get(pk=user.pk).is_locked

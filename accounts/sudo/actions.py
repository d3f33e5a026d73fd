"""Proof that the person at hand confirmed a moment ago."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from audit import events
from audit.actions import record

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest


class NoSudo(Exception):
    """The session has not confirmed, or too long ago."""


@dataclass(frozen=True)
class OwnSudo:
    """Carried to actions that must not run without it, so that a view cannot forget the guard."""

    user_id: int


def own_sudo(request: SignedInRequest) -> OwnSudo:
    """The proof, for the person signed in. Raises NoSudo."""
    if not request.session.has_sudo:
        raise NoSudo
    return OwnSudo(request.user.pk)


@transaction.atomic
def grant(request: SignedInRequest, *, method: str) -> None:
    """After a right answer: fifteen minutes under a new session key."""
    request.session.grant_sudo()
    request.session.save()
    record(events.CONFIRMED, user=request.user, origin=request.origin, method=method)

"""What deleting an account means for others: the apps above say it through settings.DELETION_CONSEQUENCES."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.email.models import EmailChange

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.user.models import User


@dataclass(frozen=True)
class Consequences:
    """In words for the person: why it cannot be done now, and what else happens when it is done."""

    obstacles: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)


def of_deleting(user: User, *, locked: bool = False) -> Consequences:
    """All of them together. With locked, inside a transaction, what they rest on stays so until its end."""
    hooks = [cast("Callable[..., Consequences]", import_string(path)) for path in settings.DELETION_CONSEQUENCES]
    parts = [_of_the_email(user), *(hook(user, locked=locked) for hook in hooks)]
    return Consequences(
        obstacles=[obstacle for part in parts for obstacle in part.obstacles],
        facts=[fact for part in parts for fact in part.facts],
    )


def _of_the_email(user: User) -> Consequences:
    """A thief who has just changed the address must not get the account deleted before its owner takes it back."""
    if not EmailChange.objects.undoable().filter(user=user).exists():
        return Consequences()
    obstacle = _("Your email was changed in the last 7 days. As long as your old address can take that back, wait.")
    return Consequences(obstacles=[obstacle])

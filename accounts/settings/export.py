"""Everything stored about a person, as JSON: columns are named one by one, so that no secret slips in."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from lib import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Manager

    from accounts.user.models import User

    Section = Callable[[User], list[dict[str, object]]]

ACCOUNT = (
    "login_id", "email", "name", "country", "language", "time_zone", "alerts_new_places", "asks_every_time",
    "created_at", "locked_at",
)  # fmt: skip
# By the name under which the person knows the rows. Messages without what they said: that is made when they are sent.
COLUMNS = {
    "sessions": (
        "first_seen_at", "last_seen_at", "expires_at", "ip", "place", "user_agent", "proved_by", "ended_at", "ended_by",
    ),
    "login_attempts": ("started_at", "state", "ip", "user_agent"),
    "events": ("created_at", "slug", "details", "ip", "user_agent", "actor", "request_id"),
    "messages": (
        "created_at", "sent_at", "channel", "kind", "state", "recipient_email", "recipient_name", "recipient_language",
    ),
    "email_changes": ("created_at", "ended_at", "old_email", "new_email", "state"),
    "passwordreset_set": ("created_at", "used_at"),
    "deletions": ("asked_at", "restored_at"),
    "push_subscriptions": ("created_at", "ended_at", "state", "endpoint"),
}  # fmt: skip
# Left out: where the new address has an account already, the message is its owner's and not the asker's, so that
# having one or none would tell (ASVS 6.3.8). What was asked for stands under email_changes in both cases.
TOLD = {"messages": ~Q(kind="email_verify")}
NAMES = {"login_attempts": "sign_ins_with_two_steps", "passwordreset_set": "password_resets"}


def of_person(user: User) -> dict[str, object]:
    """The whole of it, ready for a JSON encoder that knows dates."""
    above = {name: cast("Section", import_string(path))(user) for name, path in settings.EXPORTED.items()}
    account = {column: getattr(user, column) for column in ACCOUNT}
    return {
        "exported_at": clock.now(),
        "account": {**account, "protection": user.get_protection_display()},
        **above,
        **{NAMES.get(related, related): _rows(user, related, columns) for related, columns in COLUMNS.items()},
    }


def _rows(user: User, related: str, columns: tuple[str, ...]) -> list[dict[str, object]]:
    """Oldest first."""
    manager = cast("Manager", getattr(user, related))  # type: ignore[type-arg]
    rows = list(manager.filter(TOLD.get(related, Q())).order_by(columns[0]).values(*columns))
    return [{**row, "actor": _named(row["actor"], user)} if "actor" in row else row for row in rows]


def _named(actor_id: object, user: User) -> str:
    """Our number of somebody else is theirs."""
    if actor_id is None:
        return ""
    return "you" if actor_id == user.pk else "somebody else"

"""What an organization may ask of the people in it, as far as it concerns their second factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.user.models import User


def may_be_without(_user: User) -> bool:
    """Whether the person may turn two-step verification off. No organization can require it yet."""
    return True


def may_remember_browser(user: User) -> bool:
    """Whether a browser may stand for the person's second step. Never for support staff: they see others' accounts."""
    return not user.is_support and not user.asks_every_time

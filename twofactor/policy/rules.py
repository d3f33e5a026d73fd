"""What an organization may ask of the people in it, as far as it concerns their second factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.user.models import User


def may_be_without(_user: User) -> bool:
    """Whether the person may turn two-step verification off. No organization can require it yet."""
    return True

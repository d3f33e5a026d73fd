"""Which methods there are, in the order we recommend them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twofactor.methods.backup_codes.method import BACKUP_CODES
from twofactor.methods.totp.method import TOTP

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.user.models import User
    from twofactor.method import Method

METHODS = (TOTP, BACKUP_CODES)


def method_at(url_slug: str) -> Method | None:
    """The method that a URL names."""
    return next((method for method in METHODS if method.url_slug == url_slug), None)


def methods_of(user: User) -> list[Method]:
    """The methods a person has set up, read from the devices themselves; none if there are only backups left."""
    return [method for method, _last_used in last_uses_of(user)]


def last_uses_of(user: User) -> list[tuple[Method, datetime | None]]:
    """The same, each with the time when it was last used, if ever."""
    uses = [(method, list(method.devices_of(user).values_list("last_used_at", flat=True))) for method in METHODS]
    had = [(method, max(filter(None, used), default=None)) for method, used in uses if used]
    return had if any(not method.is_backup for method, _last_used in had) else []

"""Which methods there are, in the order we recommend them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twofactor.methods.totp.method import TOTP

if TYPE_CHECKING:
    from accounts.user.models import User
    from twofactor.method import Method

METHODS = (TOTP,)


def method_at(url_slug: str) -> Method | None:
    """The method that a URL names."""
    return next((method for method in METHODS if method.url_slug == url_slug), None)


def methods_of(user: User) -> list[Method]:
    """The methods a person has set up, read from the devices themselves."""
    return [method for method in METHODS if method.devices_of(user).exists()]

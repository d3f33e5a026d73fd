"""What methods add to pages that know none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twofactor import registry

if TYPE_CHECKING:
    from django.http import HttpRequest


def offers(_request: HttpRequest) -> dict[str, object]:
    """Context processor: templates for the sign-in page and for a person's settings."""
    offered = [method for method in registry.METHODS if method.is_available]
    return {
        "sign_in_offers": [method.sign_in_template for method in offered if method.sign_in_template],
        "account_offers": [method.account_template for method in offered if method.account_template],
    }

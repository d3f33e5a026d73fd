"""Where a person goes after adding a method: back to the page that sent them for it, if one did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from accounts.login.next_url import came_from, leading_back

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest

USUAL = "twofactor:devices:overview"


def page_after_adding(request: SignedInRequest, page: str) -> str:
    """Where to, by the URL name that actions.add returned; backup codes that came with the method are saved first."""
    wanted = came_from(request)
    return wanted if wanted and page == USUAL else leading_back(reverse(page), wanted)

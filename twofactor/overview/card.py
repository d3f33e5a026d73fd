"""What apps above add to the overview: settings.OVERVIEW_CARDS names functions that each make one card, or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.requests import SignedInRequest


@dataclass(frozen=True)
class Card:
    """A template that draws one <section class="card">, and what it shows as card."""

    template: str
    context: dict[str, object] = field(default_factory=dict)


def cards_for(request: SignedInRequest) -> list[Card]:
    """In the order of the setting."""
    makers = [cast("Callable[[SignedInRequest], Card | None]", import_string(path)) for path in settings.OVERVIEW_CARDS]
    return [card for card in (make(request) for make in makers) if card is not None]

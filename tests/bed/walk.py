"""Every URL that the portal answers, from its own resolver: a page nobody thought of is walked too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from twofactor.second_factor import SecondFactor

# An argument that no object has: the walker's default.
UNKNOWN = {"int": 999_999, "str": "unknown", "slug": "unknown", "uuid": "00000000-0000-4000-8000-000000000000"}


@dataclass(frozen=True)
class Place:
    """A named view and one of its addresses."""

    name: str
    path: str
    view: Callable[..., Any]


def places(known: Mapping[str, object] | None = None) -> list[Place]:
    """One place for each URL pattern; known holds arguments by name where a real object is wanted."""
    return [
        Place(name, reverse(name, kwargs=arguments(converters, known or {})), view)
        for name, converters, view in patterns(get_resolver())
    ]


def patterns(
    resolver: URLResolver, namespace: str = "", outer: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, Mapping[str, Any], Callable[..., Any]]]:
    """The full name, the converters of the whole path and the view of each pattern."""
    for part in resolver.url_patterns:
        converters = {**(outer or {}), **part.pattern.converters}
        if isinstance(part, URLPattern):
            yield f"{namespace}{part.name}", converters, part.callback
        else:
            yield from patterns(part, f"{namespace}{part.namespace}:" if part.namespace else namespace, converters)


def arguments(converters: Mapping[str, Any], known: Mapping[str, object]) -> dict[str, object]:
    kinds = {name: type(converter).__name__.removesuffix("Converter").lower() for name, converter in converters.items()}
    return {name: known.get(name, UNKNOWN.get(kind, "unknown")) for name, kind in kinds.items()}


def known_of(device: SecondFactor) -> dict[str, object]:
    """The arguments that name a person's own things."""
    return {"device_id": device.pk, "pk": device.pk, "url_slug": "totp"}

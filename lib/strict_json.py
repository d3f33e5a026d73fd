"""JSON that strangers send, read so that no other reader could see something else in it."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def read_object(raw: str | bytes) -> dict[str, Any]:
    """Raises ValueError for anything but one object in UTF-8, nested within reason, with each name once.

    Its texts can be stored, compared and sent on. The caller has bounded its length.
    """
    text = raw if isinstance(raw, str) else raw.decode()
    try:
        found = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("too deep") from None
    _require_storable(found)
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - for the caller this is one kind of unreadable
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that is there twice, one reader sees the first and another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _require_storable(found: Any) -> None:
    """Refuse what JSON can say and no database, digest or header can take: a NUL, half a surrogate pair."""
    parts = [found]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            parts += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            parts += part
        elif isinstance(part, str):
            part.encode()  # UnicodeEncodeError is a ValueError
            if "\x00" in part:
                raise ValueError("a NUL")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")

"""What a person had typed when it turned out that they must confirm first.

Kept in their session on the server, never in an address or a hidden field: nobody else can write it, no log shows it,
and it ends with the session. Only fields that a view names, so that no password or code is ever among them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lib import clock

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest

SESSION_KEY = "kept_input"
LIFETIME = timedelta(minutes=15)
LONGEST = 1000  # characters in all: more is not kept


def keep(request: SignedInRequest, names: tuple[str, ...], *, page: str) -> None:
    """Keep these fields for the page, instead of any kept before."""
    fields = {name: request.POST[name] for name in names if name in request.POST}
    if sum(map(len, fields.values())) <= LONGEST:
        until = (clock.now() + LIFETIME).timestamp()
        request.session[SESSION_KEY] = {"page": page, "fields": fields, "until": until}


def take_back(request: SignedInRequest) -> dict[str, str] | None:
    """The fields kept for the page at hand, once; None when nothing was sent to it in vain."""
    kept = request.session.get(SESSION_KEY)
    if kept is None or kept["page"] != request.get_full_path():
        return None
    del request.session[SESSION_KEY]
    fields: dict[str, str] = kept["fields"]
    return fields if clock.now().timestamp() < kept["until"] else None

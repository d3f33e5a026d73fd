"""E-mail addresses: kept as they were typed, compared in one form."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import idna

if TYPE_CHECKING:
    from django.db.models import QuerySet

LONGEST = 254  # as Django's EmailField has it
JOINERS = "\u200c\u200d"  # they tell some domains from others; any other invisible mark tells nothing


class NoAddress(ValueError):
    """The domain is none: nothing could ever be sent there."""


def tidied(typed: str) -> str:
    """An address as it is kept and shown: composed, in lower case, without what pasting leaves in it."""
    text = unicodedata.normalize("NFKC", typed).replace("。", ".")  # the dot of Chinese and Japanese keyboards
    text = "".join(c for c in text if c in JOINERS or unicodedata.category(c) != "Cf")
    return text.strip().strip(JOINERS).strip().lower().removesuffix(".")


def compared(address: str) -> str:
    """The one form of an address: those that share it are one mailbox, as at bücher.example and xn--bcher-kva.example.

    What has no such form is compared as it stands; nobody gets an account with it.
    """
    try:
        return deliverable(address)
    except NoAddress:
        return tidied(address)


def deliverable(address: str) -> str:
    """The same form, in which mail is sent. Raises NoAddress.

    By IDNA 2008, as browsers have it. The older rules, which Python and mail libraries still follow, make "straße" the
    same as "strasse": the mail would go to somebody else.
    """
    name, at, domain = tidied(address).rpartition("@")
    if domain.isascii():
        return f"{name}{at}{domain}"
    try:
        encoded = idna.encode(domain, uts46=True).decode()
    except UnicodeError as refusal:
        raise NoAddress(str(refusal)) from None
    found = f"{name}{at}{encoded.lower()}"
    if len(found) > LONGEST:
        raise NoAddress("too long")
    return found


def rows_of(rows: QuerySet[Any], column: str, address: str) -> list[Any]:
    """The primary keys of rows whose column holds that address in any spelling."""
    name = tidied(address).rpartition("@")[0]
    candidates = rows.filter(**{f"{column}__istartswith": f"{name}@"}).values_list("pk", column)
    return [pk for pk, spelled in candidates if compared(spelled) == compared(address)]

"""Sealing everything anew under the active key, and finding what does not open (DB-04)."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Q

from lib import crypto
from lib.models import DigestRoot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model, QuerySet

    from lib.sealed_field import SealedField

ROOT = DigestRoot.sealed_fields[0]


class WrongKeys(Exception):
    """The ring is not the one that this database was sealed with."""


@dataclass(frozen=True)
class SealedColumn:
    """A sealed column of a table, and its rows by the key they are under."""

    model: type[Model]
    field: SealedField

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.field.name}"

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    def every_row(self) -> QuerySet[Any]:
        return self.model._base_manager.all()  # noqa: SLF001 - as above

    def rows(self) -> QuerySet[Any]:
        return self.every_row().exclude(**{self.field.name: ""}).order_by("pk")

    def elsewhere(self, *kids: str) -> QuerySet[Any]:
        """Rows under none of these keys."""
        under = Q()
        for kid in kids:
            under |= Q(**{f"{self.field.name}__startswith": f"v1.{kid}."})
        return self.rows().exclude(under) if kids else self.rows()

    def opens(self, row: object) -> bool:
        try:
            crypto.unseal_field(self.field, row)
        except crypto.CannotUnseal:
            return False
        return True


@dataclass(frozen=True)
class Census:
    """What a column holds: rows by the id of their key, and how many do not open."""

    by_key: Counter[str]
    closed: int

    @property
    def not_active(self) -> int:
        return self.by_key.total() - self.by_key[crypto.active_key()[0]]

    @property
    def is_clean(self) -> bool:
        return not (self.not_active or self.closed)


def columns() -> list[SealedColumn]:
    """Every sealed column of every app, as the models declare them."""
    return [SealedColumn(model, field) for model in apps.get_models() for field in getattr(model, "sealed_fields", ())]


def census(column: SealedColumn) -> Census:
    """Open every row of a column, once."""
    by_key: Counter[str] = Counter()
    closed = 0
    for row in column.rows().iterator():
        by_key[crypto.key_id(getattr(row, column.field.name))] += 1
        closed += not column.opens(row)
    return Census(by_key, closed)


def columns_in(connection: BaseDatabaseWrapper) -> list[SealedColumn]:
    """Those that are there already: while a database is being made or brought up to date, some are not."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        there = {table: connection.introspection.get_table_description(cursor, table) for table in tables}
    names = {table: {column.name for column in description} for table, description in there.items()}
    return [column for column in columns() if column.field.name in names.get(column.table, ())]


def keep_digest_root(existing: list[SealedColumn] | None = None) -> None:
    """Store the root of digests: at the install, before any key can go or come.

    Raises WrongKeys when this ring cannot be where it came from, as far as the columns tell that exist.
    """
    kept = DigestRoot.objects.first()
    if kept is None and names_missing_key(existing):
        raise WrongKeys("some secrets are under a key that is not in PORTAL_KEYS: put it back")
    if kept is not None and not SealedColumn(DigestRoot, ROOT).opens(kept):
        raise WrongKeys("PORTAL_KEYS do not open the root of this database's digests")
    if kept is None:
        fresh = DigestRoot(name="root")
        fresh.sealed_root = crypto.seal_field(ROOT, fresh, base64.b64encode(crypto.first_digest_root()).decode())
        DigestRoot.objects.bulk_create([fresh], ignore_conflicts=True)  # of two at once either is the same


def rotate(column: SealedColumn, *, batch: int) -> Iterator[int]:
    """Seal rows under other keys anew, in order; yields how many of each batch were. What is done stays done.

    Each row is one statement of its own: it holds no lock that a sign-in could wait for, a kill loses nothing, and a
    row that somebody changed meanwhile is left for the next pass.
    """
    stale = column.elsewhere(crypto.active_key()[0])
    rows = list(stale[:batch])
    while rows:
        yield sum(_seal_anew(column, row) for row in rows)
        rows = list(stale.filter(pk__gt=rows[-1].pk)[:batch])


def keys_fit() -> bool:
    """Whether the ring is the one of this database: the root of digests opens.

    Before a root is kept, some row must open. Never each of them: one that was tampered with, or names a key that never
    was, must not close the portal for all.
    """
    if root := DigestRoot.objects.first():
        return SealedColumn(DigestRoot, ROOT).opens(root)
    samples = [(column, row) for column in columns() for row in column.rows()[:3]]
    return not samples or any(column.opens(row) for column, row in samples)


def names_missing_key(among: list[SealedColumn] | None = None) -> bool:
    """Whether some row is under a key that is not in the ring: its owner cannot use it."""
    return any(column.elsewhere(*crypto.key_ring()).exists() for column in (columns() if among is None else among))


def _seal_anew(column: SealedColumn, row: Any) -> bool:
    """Put the same text under the active key, unless the row has changed since it was read."""
    name, old = column.field.name, getattr(row, column.field.name)
    try:
        sealed = crypto.seal_field(column.field, row, crypto.unseal_field(column.field, row))
    except crypto.CannotUnseal:
        return False  # the census counts it
    return column.every_row().filter(pk=row.pk, **{name: old}).update(**{name: sealed}) == 1

"""The places in a query of values that each run of a prepared statement brings anew (lib.prepared)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.expressions import Expression
from django.db.models.lookups import In, Lookup
from django.db.models.sql import InsertQuery, Query, UpdateQuery
from django.db.models.sql.where import WhereNode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field


class Given:
    """In the builder of a statement, given.name is the value that the statement will get under that name."""

    def __init__(self) -> None:
        self.names: set[str] = set()  # asked for so far

    def __getattr__(self, name: str) -> Any:
        self.names.add(name)
        return Slot(name)

    def columns(self, names: Iterable[str]) -> dict[str, Any]:
        """Columns that have, or get, the values given under their own names."""
        return {name: getattr(self, name) for name in names}


class Slot(Expression):
    """The place of a value in a query, and among the values of its SQL."""

    column: Field[Any, Any] | None = None  # on the other side: its field makes the value ready
    is_stored = False  # else compared; in SQL nothing is equal to None

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, _compiler: object, _connection: object) -> tuple[str, list[Any]]:  # type: ignore[override]
        if self.column is None:
            raise TypeError(f"No column shows what given.{self.name} is")
        return "%s", [self]

    def fill(self, given: dict[str, Any], database: BaseDatabaseWrapper) -> Any:
        """The value as the driver takes it."""
        value = given[self.name]
        if value is None and not self.is_stored:
            raise TypeError(f"{self.name} is None")
        return self.column.get_db_prep_save(value, database)  # type: ignore[union-attr]  # as_sql() has seen to it


def show_columns(query: Any) -> None:
    """Show each slot the column that it is compared with, or stored in."""
    _show_compared(query.where)
    for column, value in _stored_by(query):
        _show(value, column, is_stored=isinstance(value, Slot))


def _show_compared(conditions: WhereNode) -> None:
    for lookup in _lookups_in(conditions):
        if isinstance(lookup, In) and isinstance(lookup.rhs, Slot):
            raise TypeError(f"given.{lookup.rhs.name} is one value, not a list")
        for side in lookup.rhs if isinstance(lookup.rhs, list | tuple) else [lookup.rhs]:
            _show(side, lookup.lhs.output_field)


def _lookups_in(part: Any) -> list[Lookup[Any]]:
    """Below AND, OR and NOT."""
    if isinstance(part, Lookup):
        return [part]
    if not isinstance(part, WhereNode):
        raise TypeError(f"A prepared statement has plain conditions only, not {part}")
    return [found for child in part.children for found in _lookups_in(child)]


def _stored_by(query: Any) -> list[tuple[Any, Any]]:
    if isinstance(query, InsertQuery):
        return [(column, getattr(query.objs[0], column.attname)) for column in query.fields]
    if isinstance(query, UpdateQuery):
        return [(column, value) for column, _model, value in query.values]  # type: ignore[attr-defined]  # not in stubs
    return []


def _show(side: Any, column: Any, *, is_stored: bool = False) -> None:
    if isinstance(side, Query):
        show_columns(side)
    elif isinstance(side, Expression):
        for part in side.flatten():
            if isinstance(part, Slot):
                part.column, part.is_stored = column, is_stored
            elif isinstance(part, WhereNode):  # of a CASE
                _show_compared(part)

"""Statements that the ORM writes once, and that run again with other values.

For the few statements that every request or every sign-in makes. To build such a query, turn it into SQL and find out
what its rows consist of costs several times what running it does, and comes to the same each time. So it is built once,
like any other, with `given.name` in the place of each value that will differ:

    _BY_KEY = PreparedSelect(lambda given: Session.objects.live(given.now).filter(key_digest=given.digest))
    session = _BY_KEY.only(now=clock.now(), digest=digest)

Values go to the driver beside the SQL, as ever, each made ready by the field that it is compared with or stored in.
One that is missing, too many, None or of no known field is a TypeError: it never changes what is asked. So is a moment
that was written into a statement: it would stay that of the first run.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.models.expressions import Expression
from django.db.models.lookups import Lookup
from django.db.models.query import get_related_populators
from django.db.models.sql import InsertQuery, Query, UpdateQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper
    from django.db.models import Field, QuerySet

Row = TypeVar("Row", bound=models.Model)


class Given:
    """In the builder of a statement, given.name is the value that the statement will get under that name."""

    def __getattr__(self, name: str) -> Any:
        return Slot(name)

    def each(self, names: Iterable[str]) -> dict[str, Any]:
        """Columns that have, or get, the values given under their own names."""
        return {name: Slot(name) for name in names}


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


class PreparedSelect(Generic[Row]):
    """Reads rows. The builder returns a query of whole objects, with what they are joined to."""

    def __init__(self, build: Callable[[Given], QuerySet[Row]]) -> None:
        self._statement = cache(lambda _vendor: _Select(build(Given()).query))

    def rows(self, **given: Any) -> list[Row]:
        """All of them. Raises TransactionManagementError if it locks them outside a transaction."""
        database = _database()
        statement = self._statement(database.vendor)
        if statement.locks and database.get_autocommit():
            raise transaction.TransactionManagementError("Rows are locked inside a transaction only")
        with statement.run(given, database) as cursor:
            return statement.objects(cursor.fetchall())

    def only(self, **given: Any) -> Row | None:
        """The one row there is for values of a unique key, or None."""
        return next(iter(self.rows(**given)), None)


class PreparedUpdate(Generic[Row]):
    """Changes rows: those of the first builder, to what the second one says of their columns."""

    def __init__(self, rows: Callable[[Given], QuerySet[Row]], columns: Callable[[Given], dict[str, Any]]) -> None:
        self._statement = cache(lambda _vendor: _Statement(_update(rows(Given()), columns(Given()))))

    def run(self, **given: Any) -> int:
        """How many rows it changed."""
        database = _database()
        with self._statement(database.vendor).run(given, database) as cursor:
            changed: int = cursor.rowcount
            return changed


def insert(row: models.Model) -> None:
    """What save(force_insert=True) does to a model with a key of the database's, without signals."""
    database = _database()
    with _insert(type(row), database.vendor).run(_columns_of(row), database) as cursor:
        [row.pk] = cursor.fetchone()
    row._state.adding, row._state.db = False, database.alias


def update(row: models.Model) -> None:
    """What save() does to a row that is there, without signals."""
    _update_whole(type(row)).run(pk=row.pk, **_columns_of(row))


class _Statement:
    """What the ORM has made of a query, for one kind of database."""

    def __init__(self, query: Query) -> None:
        _tie_slots(query)
        self.compiler = query.get_compiler(connection=_database())
        self.sql, self.values = self._compiled()
        self.names = {value.name for value in self.values if isinstance(value, Slot)}

    def _compiled(self) -> tuple[str, Any]:
        sql, values = self.compiler.as_sql()
        return sql, values

    @contextmanager
    def run(self, given: dict[str, Any], database: BaseDatabaseWrapper) -> Iterator[CursorWrapper]:
        """The cursor after it; as with the ORM, after an error a transaction can only be rolled back."""
        if given.keys() != self.names:
            raise TypeError(f"Expected {sorted(self.names)}, got {sorted(given)}")
        values = [value.fill(given, database) if isinstance(value, Slot) else value for value in self.values]
        with transaction.mark_for_rollback_on_error(database.alias), database.cursor() as cursor:
            cursor.execute(self.sql, values)
            yield cursor


class _Select(_Statement):
    """Also how its rows become objects, as in django.db.models.query.ModelIterable."""

    def __init__(self, query: Query) -> None:
        super().__init__(query)
        select, made = self.compiler.select, self.compiler.klass_info
        self.locks = query.select_for_update
        self.model, (self.start, *_, last) = made["model"], made["select_fields"]
        self.end = last + 1
        self.columns = [column.target.attname for column, *_ in select[self.start : self.end]]
        self.related = get_related_populators(made, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # stubs of 6.1
        # They belong to the connection of the first run, but look at its settings alone.
        self.converters = self.compiler.get_converters([column for column, *_ in select])

    def objects(self, rows: Iterable[Any]) -> list[Any]:
        found = []
        for row in self.compiler.apply_converters(rows, self.converters) if self.converters else rows:
            made = self.model.from_db(DEFAULT_DB_ALIAS, self.columns, row[self.start : self.end])
            for related in self.related:
                related.populate(row, made)
            found.append(made)
        return found


class _Insert(_Statement):
    """One that returns the key."""

    def _compiled(self) -> tuple[str, Any]:
        self.compiler.returning_fields = [self.compiler.query.get_meta().pk]
        [(sql, values)] = self.compiler.as_sql()
        return sql, values


def _update(rows: QuerySet[Any], columns: dict[str, Any]) -> Any:
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(columns)
    return query


@cache
def _insert(model: type[models.Model], _vendor: str) -> _Insert:
    fields = _fields_of(model)
    blank = model(**{field.attname: Slot(field.attname) for field in fields})
    query = InsertQuery(model)
    query.insert_values(fields, [blank])
    return _Insert(query)


@cache
def _update_whole(model: type[Row]) -> PreparedUpdate[Row]:
    names = [field.attname for field in _fields_of(model)]
    return PreparedUpdate(lambda given: model._default_manager.filter(pk=given.pk), lambda given: given.each(names))


def _fields_of(model: type[models.Model]) -> list[Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def _columns_of(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in _fields_of(type(row))}


def _database() -> BaseDatabaseWrapper:
    return connections[DEFAULT_DB_ALIAS]


def _tie_slots(query: Any) -> None:
    """Show each slot the column that it is compared with, or stored in."""
    for lookup in _lookups_in(query.where):
        for side in lookup.rhs if isinstance(lookup.rhs, list | tuple) else [lookup.rhs]:
            _tie(side, lookup.lhs.output_field)
    for column, value in _stored_by(query):
        _tie(value, column, is_stored=isinstance(value, Slot))


def _lookups_in(part: Any) -> list[Lookup[Any]]:
    """Below AND, OR and NOT."""
    return [part] if isinstance(part, Lookup) else [found for child in part.children for found in _lookups_in(child)]


def _stored_by(query: Any) -> list[tuple[Any, Any]]:
    if isinstance(query, InsertQuery):
        return [(column, getattr(query.objs[0], column.attname)) for column in query.fields]
    if isinstance(query, UpdateQuery):
        return [(column, value) for column, _model, value in query.values]  # type: ignore[attr-defined]  # not in the stubs
    return []


def _tie(side: Any, column: Any, *, is_stored: bool = False) -> None:
    if isinstance(side, Query):
        _tie_slots(side)
    elif isinstance(side, date):
        raise TypeError(f"{column.name} would be compared with {side} for ever")
    elif isinstance(side, Expression):
        for slot in side.flatten():
            if isinstance(slot, Slot):
                slot.column, slot.is_stored = column, is_stored

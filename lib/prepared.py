"""Statements that the ORM writes once, and that run again with other values.

For the few statements that every request or every sign-in makes. To build such a query, turn it into SQL and find out
what its rows consist of costs several times what running it does, and comes to the same each time. So it is built once,
like any other, with `given.name` in the place of each value that will differ:

    _BY_KEY = PreparedSelect(lambda given: Session.objects.live(given.now).filter(key_digest=given.digest))
    session = _BY_KEY.one(now=clock.now(), digest=digest)

It is prepared here, not in the database (that would be PREPARE). Values go to the driver beside the SQL, as ever, each
made ready as the field that it is compared with or stored in would store it.

It fails closed, with a TypeError: where a value is missing, too many, None or of no known field, and where the
statement would not be the same at another moment, in another time zone or in another language. What cannot be seen is a
moment that was rounded, such as the present year.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models, transaction
from django.db.models.query import get_related_populators
from django.db.models.sql import InsertQuery, Query, UpdateQuery
from django.utils import timezone, translation

from lib.slots import Given, Slot, show_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper
    from django.db.models import Field, QuerySet
    from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row", bound=models.Model)
Found = TypeVar("Found")


class PreparedSelect(Generic[Row]):
    """Reads rows. The builder returns a query of whole objects, with what they are joined to."""

    def __init__(self, build: Callable[[Given], QuerySet[Row]]) -> None:
        self._statement = cache(lambda _vendor: _Select(lambda given: _whole(build(given)).query))
        self._is_there = cache(lambda _vendor: _Statement(lambda given: _whole(build(given)).query.exists()))

    def rows(self, **given: Any) -> list[Row]:
        """All of them. Raises TransactionManagementError if it locks them outside a transaction."""
        database = _database()
        statement = self._statement(database.vendor)
        if statement.locks and database.get_autocommit():
            raise transaction.TransactionManagementError("Rows are locked inside a transaction only")
        return statement.objects(statement.run(given, database, _rows_of))

    def one(self, **given: Any) -> Row | None:
        """The row with the values of a unique key, or None."""
        return next(iter(self.rows(**given)), None)

    def any(self, **given: Any) -> bool:
        """Whether there is one, without reading it."""
        database = _database()
        return self._is_there(database.vendor).run(given, database, _row_of) is not None


class PreparedUpdate(Generic[Row]):
    """Changes rows: those of the first builder, to what the second one says of their columns."""

    def __init__(
        self,
        rows: Callable[[Given], QuerySet[Row]],
        columns: Callable[[Given], dict[str, Any]],
        returning: Sequence[str] = (),
    ) -> None:
        self._statement = cache(lambda _vendor: _Update(lambda given: _update(rows(given), columns(given)), returning))

    def run(self, **given: Any) -> int:
        """How many rows it changed."""
        database = _database()
        return self._statement(database.vendor).run(given, database, _count_of)

    def returned(self, **given: Any) -> list[tuple[Any, ...]]:
        """What the rows that it changed have now in the columns named as returning."""
        database = _database()
        return self._statement(database.vendor).run(given, database, _rows_of)


def insert(row: models.Model) -> None:
    """What save(force_insert=True) does to a model with a key of the database's, without signals and auto_now."""
    row._prepare_related_fields_for_save("insert")  # type: ignore[attr-defined]  # noqa: SLF001
    database = _database()
    [row.pk] = _insert(type(row), database.vendor).run(_columns_of(row), database, _row_of)
    row._state.adding, row._state.db = False, database.alias


def update(row: models.Model) -> None:
    """What save(force_update=True) does, without signals and auto_now. Raises DatabaseError if the row is gone."""
    if _update_whole(type(row)).run(pk=row.pk, **_columns_of(row)) != 1:
        raise DatabaseError(f"There is no {row._meta.label} {row.pk} any more")


class _Statement:
    """What the ORM has made of a query, for one kind of database."""

    def __init__(self, build: Callable[[Given], Query]) -> None:
        with timezone.override("Etc/GMT+12"), translation.override("en"):
            self.compiler, self.sql, self.values = self._compiled(build)
        with timezone.override("Etc/GMT-14"), translation.override("de"):
            _compiler, sql, values = self._compiled(build)
        if (sql, values) != (self.sql, self.values) or any(isinstance(value, date) for value in values):
            raise TypeError(f"It is not the same at any time and for everybody: {sql}")
        self.names = {value.name for value in values if isinstance(value, Slot)}
        # A connection that is never opened: converters look at its settings alone, and would keep open that of the
        # thread which happened to come first.
        self.compiler.connection = _database().copy()

    def _compiled(self, build: Callable[[Given], Query]) -> tuple[SQLCompiler, str, list[Any]]:
        given = Given()
        query = build(given)
        show_columns(query)
        compiler = query.get_compiler(connection=_database())
        sql, values = self._sql_of(compiler)
        lost = given.names - {value.name for value in values if isinstance(value, Slot)}
        if lost:
            raise TypeError(f"given.{lost.pop()} did not get into the SQL: {sql}")
        return compiler, sql, list(values)

    def _sql_of(self, compiler: Any) -> tuple[str, Any]:
        sql, values = compiler.as_sql()
        return sql, values

    def run(
        self, given: dict[str, Any], database: BaseDatabaseWrapper, read: Callable[[CursorWrapper], Found]
    ) -> Found:
        """What is read from the cursor; as with the ORM, after an error a transaction can only be rolled back."""
        if given.keys() != self.names:
            raise TypeError(f"Expected {sorted(self.names)}, got {sorted(given)}")
        values = [value.fill(given, database) if isinstance(value, Slot) else value for value in self.values]
        with database.cursor() as cursor:
            try:
                cursor.execute(self.sql, values)
            except Exception:
                with transaction.mark_for_rollback_on_error(database.alias):
                    raise
            return read(cursor)


class _Select(_Statement):
    """Also how its rows become objects, as in django.db.models.query.ModelIterable."""

    def __init__(self, build: Callable[[Given], Query]) -> None:
        super().__init__(build)
        select, made = self.compiler.select, self.compiler.klass_info
        self.locks = self.compiler.query.select_for_update
        self.model, (self.start, *_, last) = made["model"], made["select_fields"]
        self.end = last + 1
        self.columns = [column.target.attname for column, *_ in select[self.start : self.end]]
        self.related = get_related_populators(made, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # stubs of 6.1
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

    def _sql_of(self, compiler: Any) -> tuple[str, Any]:
        compiler.returning_fields = [compiler.query.get_meta().pk]
        [(sql, values)] = compiler.as_sql()
        return sql, values


class _Update(_Statement):
    """One that returns columns, if any are named."""

    def __init__(self, build: Callable[[Given], Query], returning: Sequence[str]) -> None:
        self.returning = returning
        super().__init__(build)

    def _sql_of(self, compiler: Any) -> tuple[str, Any]:
        sql, values = compiler.as_sql()
        columns = [compiler.query.get_meta().get_field(name) for name in self.returning]
        if any(column.get_db_converters(compiler.connection) for column in columns):
            raise TypeError(f"Columns would not be returned as the ORM reads them: {', '.join(self.returning)}")
        names = ", ".join(compiler.connection.ops.quote_name(column.column) for column in columns)
        return f"{sql} RETURNING {names}" if names else sql, values


# ── What is read from a cursor ──
def _rows_of(cursor: CursorWrapper) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _row_of(cursor: CursorWrapper) -> Any:
    return cursor.fetchone()


def _count_of(cursor: CursorWrapper) -> int:
    count: int = cursor.rowcount
    return count


# ── What statements are built from ──
def _whole(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Refuse what would be lost on the way: only whole objects of the default database are made."""
    query = rows.query
    is_whole = not (query.values_select or query.annotations or query.combinator or query.deferred_loading[0])
    if not is_whole or rows.db != DEFAULT_DB_ALIAS or rows._prefetch_related_lookups:  # type: ignore[attr-defined]  # noqa: SLF001
        raise TypeError(f"More is asked of {rows.model.__name__} than a prepared statement gives")
    return rows


def _update(rows: QuerySet[Any], columns: dict[str, Any]) -> Any:
    if _whole(rows).query.is_sliced:
        raise TypeError("An UPDATE has no LIMIT")
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(columns)
    query.clear_select_clause()
    return query


@cache
def _insert(model: type[models.Model], _vendor: str) -> _Insert:
    return _Insert(lambda given: _insert_query(model, given))


def _insert_query(model: type[models.Model], given: Given) -> InsertQuery:
    fields = _fields_of(model)
    query = InsertQuery(model)
    query.insert_values(fields, [model(**given.columns(field.attname for field in fields))])
    return query


@cache
def _update_whole(model: type[Row]) -> PreparedUpdate[Row]:
    names = [field.attname for field in _fields_of(model)]
    return PreparedUpdate(lambda given: model._default_manager.filter(pk=given.pk), lambda given: given.columns(names))


def _fields_of(model: type[models.Model]) -> list[Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def _columns_of(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in _fields_of(type(row))}


def _database() -> BaseDatabaseWrapper:
    return connections[DEFAULT_DB_ALIAS]

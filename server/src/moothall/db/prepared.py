"""Statements that run with every request, compiled once.

SQLAlchemy builds them for both databases. On SQLite they bypass its execution layer, which costs
several times as much as the statement; parameters, rows and errors are the same.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import JSON, Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from moothall.db.schema import Timestamp, moment_of
from moothall.db.sqlite_connection import as_sqlalchemy_raises
from moothall.db.sqlite_library import sqlite_library

Convert = Callable[[Any], Any]


class Prepared:
    """A statement whose variable parts are ``bindparam``.

    ``columns`` are those that an INSERT or UPDATE without VALUES writes.
    """

    def __init__(self, statement: Any, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._plan: _Plan | None = None

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Return rows with their columns as attributes."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self._statement, dict(parameters)).all()
        plan = self._plan or self._make_plan(connection.dialect)
        found: list[tuple[Any, ...]] = plan.execute(connection, parameters).fetchall()
        return [plan.row(values) for values in found]

    def row(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """Return the only row, or None. Raises ValueError when there are more."""
        found = self.rows(connection, parameters)
        if len(found) > 1:
            raise ValueError("more than one row")
        return found[0] if found else None

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> int:
        """Return the number of changed rows."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self._statement, dict(parameters)).rowcount
        plan = self._plan or self._make_plan(connection.dialect)
        count: int = plan.execute(connection, parameters).rowcount
        return count

    def _make_plan(self, dialect: Dialect) -> "_Plan":
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        # The result columns of a SELECT or RETURNING, else empty.
        columns = list(self._statement.exported_columns)
        self._plan = _Plan(
            str(compiled),
            _parameters(compiled, dialect),
            namedtuple("_Row", [str(column.key) for column in columns]),  # noqa: PYI024 - its columns are known only here
            _converted(columns, dialect),
        )
        return self._plan


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A parameter: its name, or None for a constant, and the conversion of its values."""

    name: str | None
    convert: Convert | None
    constant: Any = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """Text, ordered parameters, row type, and conversions of result values by position."""

    text: str
    parameters: Sequence[_Parameter]
    row_type: Any
    conversions: Sequence[tuple[int, Convert]]

    def execute(self, connection: Connection, given: Mapping[str, Any]) -> Any:
        values = []
        for parameter in self.parameters:
            value = parameter.constant if parameter.name is None else given[parameter.name]
            values.append(value if parameter.convert is None else parameter.convert(value))
        raw: Any = connection.connection.dbapi_connection
        try:
            return raw.execute(self.text, values)
        except sqlite_library().Error as error:
            raise as_sqlalchemy_raises(self.text, error) from error

    def row(self, values: tuple[Any, ...]) -> Any:
        converted = list(values)
        for position, convert in self.conversions:
            # NULL is None in all our types.
            if converted[position] is not None:
                converted[position] = convert(converted[position])
        return self.row_type._make(converted)


def _parameters(compiled: SQLCompiler, dialect: Dialect) -> list[_Parameter]:
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    found = []
    for name in compiled.positiontup or ():
        bind = binds[name]
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        found.append(_Parameter(bind.key, convert) if bind.required else _Parameter(None, convert, bind.value))
    return found


def _converted(columns: Sequence[Any], dialect: Dialect) -> list[tuple[int, Convert]]:
    converts = [_conversion(column.type, dialect) for column in columns]
    return [(position, convert) for position, convert in enumerate(converts) if convert is not None]


def _conversion(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    # The two most frequent types skip SQLAlchemy's layers.
    if isinstance(kind, Timestamp):
        return moment_of
    if isinstance(kind, JSON):
        return orjson.loads
    return kind.dialect_impl(dialect).result_processor(dialect, None)

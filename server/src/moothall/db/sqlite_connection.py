"""One connection to a SQLite database: its setup, and transaction control that bypasses SQLAlchemy.

For SQLAlchemy there is one endless transaction: its own transaction control costs more CPU time
than a read by key.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from moothall.db.json_text import json_text
from moothall.db.sqlite_library import sqlite_library

T = TypeVar("T")

_CACHE_KIB = 16_384


class SqliteConnection:
    """Lives as long as the database; threads take turns.

    ``connection`` is passed to transactions.
    """

    def __init__(self, path: Path, *, read_only: bool = False, wait_ms: int = 0) -> None:
        """``wait_ms``: how many milliseconds to wait for the lock of another process."""
        engine = create_engine(
            f"sqlite:///{path}",
            module=sqlite_library(),
            poolclass=StaticPool,
            # Values may be secrets, and errors go to the log.
            hide_parameters=True,
            json_serializer=json_text,
            json_deserializer=orjson.loads,
            connect_args={"isolation_level": None, "check_same_thread": False, "timeout": wait_ms / 1000},
        )

        @event.listens_for(engine, "connect")
        def configure(raw: Any, _record: Any) -> None:
            # Another process may be changing the mode for the first time, too.
            raw.execute("PRAGMA busy_timeout=10000")
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute("PRAGMA synchronous=FULL")
            raw.execute("PRAGMA foreign_keys=ON")
            raw.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            if read_only:
                raw.execute("PRAGMA query_only=ON")

        self.connection: Connection = engine.connect()
        self._raw: Any = self.connection.connection.dbapi_connection
        self.wait_for_locks(wait_ms)
        self.connection.begin()

    @property
    def in_transaction(self) -> bool:
        """Return whether a transaction is open: SQLite ends it on an I/O error or a full disk."""
        return bool(self._raw.in_transaction)

    def execute(self, sql: str) -> None:
        """Execute transaction control. Raises the errors that SQLAlchemy would raise."""
        try:
            self._raw.execute(sql)
        except sqlite_library().Error as error:
            raise as_sqlalchemy_raises(sql, error) from error

    def wait_for_locks(self, wait_ms: int) -> None:
        self.execute(f"PRAGMA busy_timeout={wait_ms}")

    def read(self, transaction: Callable[[Connection], T]) -> T:
        """Run in one snapshot."""
        self.execute("BEGIN")
        try:
            return transaction(self.connection)
        finally:
            if self.in_transaction:
                self.execute("ROLLBACK")

    def close(self) -> None:
        self.connection.close()
        self.connection.engine.dispose()


def as_sqlalchemy_raises(sql: str, error: Exception) -> BaseException:
    """Return SQLAlchemy's exception for one of the driver."""
    return DBAPIError.instance(sql, None, error, sqlite_library().Error, hide_parameters=True)

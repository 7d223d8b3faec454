"""Runs transactions.

A transaction is a plain function that takes a connection. On SQLite it runs whole on one writer thread (BEGIN IMMEDIATE) or on a
reader thread (a WAL snapshot): one hop per transaction, and a single writer by construction. On PostgreSQL it runs on the asyncpg
driver through ``run_sync``. See docs/decisions/0004-sqlite-threading.md.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from moothall.db.sqlite_library import sqlite_library

T = TypeVar("T")

_READERS = 2
_BUSY_MS = 10_000
_PG_RETRIES = 5
_PG_RETRYABLE = {"40001", "40P01"}


class DatabaseUnavailable(Exception):
    """The database cannot be reached or opened; the message says what to do."""


# What a transaction raises when the database does not answer: away for a while, locked, or its disk full.
UNREACHABLE = (DatabaseUnavailable, InterfaceError, OperationalError)


class Database(Protocol):
    dialect: str

    async def write(self, transaction: Callable[[Connection], T]) -> T:
        """Run in one read-write transaction: committed and durable when this returns, rolled back when it raises.

        The function may run again after a serialization failure on PostgreSQL, so it has no effect but its SQL.
        """
        ...

    async def read(self, transaction: Callable[[Connection], T]) -> T:
        """Run in one read-only snapshot."""
        ...

    async def peek(self, transaction: Callable[[Connection], T]) -> T:
        """As ``read``, for a few rows found by a key: on SQLite it runs at once, because going to a thread and back costs more."""
        ...

    async def close(self) -> None: ...


class SqliteDatabase:
    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        # Each connection is made once and kept, for one thread at a time.
        self._writer = _sqlite_connection(path, "BEGIN IMMEDIATE")
        self._readers = [_sqlite_connection(path, "BEGIN", read_only=True) for _ in range(_READERS)]
        self._idle_readers = list(self._readers)
        self._peeker = _sqlite_connection(path, "BEGIN", read_only=True, wait_ms=0)
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._read_threads = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-reader")

    async def write(self, transaction: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._write_thread, self._write, transaction)

    async def read(self, transaction: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, self._read, transaction)

    async def peek(self, transaction: Callable[[Connection], T]) -> T:
        try:
            with self._peeker.begin():
                return transaction(self._peeker)
        except OperationalError:
            # Locked for a moment (another process recovers the log): the thread may wait for it, the loop may not.
            return await self.read(transaction)

    def _write(self, transaction: Callable[[Connection], T]) -> T:
        with self._writer.begin():
            return transaction(self._writer)

    def _read(self, transaction: Callable[[Connection], T]) -> T:
        # As many connections as reader threads, so the list is never empty here; list.pop and append are atomic.
        reader = self._idle_readers.pop()
        try:
            with reader.begin():
                return transaction(reader)
        finally:
            self._idle_readers.append(reader)

    async def close(self) -> None:
        self._write_thread.shutdown(wait=True)
        self._read_threads.shutdown(wait=True)
        for connection in (self._writer, *self._readers, self._peeker):
            connection.close()
            connection.engine.dispose()


class PostgresDatabase:
    dialect = "postgresql"

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def write(self, transaction: Callable[[Connection], T]) -> T:
        for attempt in range(_PG_RETRIES):
            try:
                async with self._engine.begin() as connection:
                    return await connection.run_sync(transaction)
            except DBAPIError as error:
                retryable = getattr(error.orig, "sqlstate", None) in _PG_RETRYABLE
                if not retryable or attempt == _PG_RETRIES - 1:
                    raise
        raise AssertionError("the loop above returns or raises")

    async def read(self, transaction: Callable[[Connection], T]) -> T:
        async with self._engine.connect() as connection:
            read_only = await connection.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
            return await read_only.run_sync(transaction)

    async def peek(self, transaction: Callable[[Connection], T]) -> T:
        return await self.read(transaction)

    async def close(self) -> None:
        await self._engine.dispose()


def open_database(url: str) -> Database:
    """``sqlite:///path/to/file`` or ``postgresql://user:password@host/name``. The schema must be there (see migrations).

    Raises DatabaseUnavailable for a URL of another kind, or when the SQLite library is one that can corrupt a WAL database.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database:
            raise DatabaseUnavailable("the SQLite database needs a file: sqlite:///path/to/moothall.db")
        return SqliteDatabase(Path(parsed.database))
    if backend == "postgresql":
        return PostgresDatabase(
            create_async_engine(parsed.set(drivername="postgresql+asyncpg"), pool_pre_ping=True, pool_size=8)
        )
    raise DatabaseUnavailable(f"database URLs begin with sqlite:/// or postgresql://, not {backend}")


def _sqlite_connection(path: Path, begin: str, *, read_only: bool = False, wait_ms: int = _BUSY_MS) -> Connection:
    """A connection that lives as long as the database, with the transaction control taken from the driver."""
    library = sqlite_library()
    engine = create_engine(
        f"sqlite:///{path}",
        module=library,
        poolclass=StaticPool,
        # Threads take turns with it.
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 10},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={wait_ms}")
        cursor.execute("PRAGMA cache_size=-16384")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    connection = engine.connect()
    raw: Any = connection.connection.dbapi_connection

    # Past SQLAlchemy's execution of statements, which costs more than the statement.
    @event.listens_for(engine, "begin")
    def begin_transaction(_connection: Connection) -> None:
        raw.execute(begin)

    return connection

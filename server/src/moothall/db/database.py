"""Runs transactions.

A transaction is a plain function that takes a connection. On SQLite, writers use one connection and
share commits (docs/decisions/0007-group-commit.md), and readers use threads and WAL snapshots
(0004-sqlite-threading.md). On PostgreSQL it runs on the asyncpg driver through ``run_sync``.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import OperationalError

from moothall.db.errors import DatabaseUnavailable
from moothall.db.sqlite_connection import SqliteConnection
from moothall.db.sqlite_writer import SqliteWriter

T = TypeVar("T")

_READERS = 2
_BUSY_MS = 10_000


class Database(Protocol):
    dialect: str

    async def write(self, transaction: Callable[[Connection], T]) -> T:
        """Run in one read-write transaction, durable when this returns, rolled back when it raises.

        The function may run again after a serialization failure on PostgreSQL, so it must have no
        side effects beyond its SQL. On SQLite it runs on the event loop and must take a few
        milliseconds at most.
        """
        ...

    async def write_long(self, transaction: Callable[[Connection], T]) -> T:
        """Run as ``write`` does, for transactions that touch hundreds of rows or more."""
        ...

    async def read(self, transaction: Callable[[Connection], T]) -> T:
        """Run in one read-only snapshot."""
        ...

    async def peek(self, transaction: Callable[[Connection], T]) -> T:
        """Run as ``read`` does, for a few rows found by key.

        On SQLite it runs directly, because switching to a thread and back costs more.
        """
        ...

    async def close(self) -> None: ...


class SqliteDatabase:
    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = SqliteWriter(path)
        # Each connection is opened once and used by one thread at a time.
        self._readers = [SqliteConnection(path, read_only=True, wait_ms=_BUSY_MS) for _ in range(_READERS)]
        self._idle_readers = list(self._readers)
        self._peeker = SqliteConnection(path, read_only=True)
        self._read_threads = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-reader")

    async def write(self, transaction: Callable[[Connection], T]) -> T:
        result: T = await self._writer.run(transaction, long=False)
        return result

    async def write_long(self, transaction: Callable[[Connection], T]) -> T:
        result: T = await self._writer.run(transaction, long=True)
        return result

    async def read(self, transaction: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, self._read, transaction)

    async def peek(self, transaction: Callable[[Connection], T]) -> T:
        try:
            return self._peeker.read(transaction)
        except OperationalError:
            # Briefly locked while another process recovers the log: the thread may wait for it, the
            # event loop may not.
            return await self.read(transaction)

    def _read(self, transaction: Callable[[Connection], T]) -> T:
        # There are as many connections as reader threads, so the list is never empty here; list.pop
        # and append are atomic.
        reader = self._idle_readers.pop()
        try:
            return reader.read(transaction)
        finally:
            self._idle_readers.append(reader)

    async def close(self) -> None:
        await self._writer.close()
        self._read_threads.shutdown(wait=True)
        for connection in (*self._readers, self._peeker):
            connection.close()


def open_database(url: str) -> Database:
    """``sqlite:///path/to/file`` or ``postgresql://user:password@host/name``.

    The schema must be there (see migrations).

    Raises DatabaseUnavailable for any other URL, or when the SQLite library can corrupt a WAL
    database.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database:
            raise DatabaseUnavailable("the SQLite database needs a file: sqlite:///path/to/moothall.db")
        return SqliteDatabase(Path(parsed.database))
    if backend == "postgresql":
        # Imported here, so that servers on SQLite start faster.
        from moothall.db.postgres_database import PostgresDatabase  # noqa: PLC0415

        return PostgresDatabase(parsed)
    raise DatabaseUnavailable(f"database URLs begin with sqlite:/// or postgresql://, not {backend}")

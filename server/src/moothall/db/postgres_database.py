"""Transactions on PostgreSQL: the asyncpg driver, through SQLAlchemy's ``run_sync``."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import orjson
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import create_async_engine

from moothall.db.json_text import json_text

T = TypeVar("T")

_CONNECTIONS = 16
_RETRIES = 5
# Serialization failure, deadlock.
_RETRYABLE = {"40001", "40P01"}
# Checking a connection takes three round trips to the server, more than a read by key.
_ASKED_AFTER_S = 1.0


class PostgresDatabase:
    dialect = "postgresql"

    def __init__(self, url: URL, *, asked_after_s: float = _ASKED_AFTER_S) -> None:
        """``asked_after_s``: idle seconds after which a connection is checked before use."""
        self._engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=_CONNECTIONS,
            # When all are in use, callers wait: opening a connection for one transaction costs more
            # than the transaction.
            max_overflow=0,
            # Values may be secrets, and errors go to the log.
            hide_parameters=True,
            json_serializer=json_text,
            json_deserializer=orjson.loads,
        )
        _ask_those_that_were_idle(self._engine.sync_engine, asked_after_s)
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def write(self, transaction: Callable[[Connection], T]) -> T:
        for attempt in range(_RETRIES):
            is_decided = False
            try:
                with _cancellations_kept():
                    async with self._engine.begin() as connection:
                        result = await connection.run_sync(transaction)
                        # If the connection breaks from here on, the outcome is unknown.
                        is_decided = True
            except DBAPIError as error:
                is_lost = error.connection_invalidated and not is_decided
                is_retryable = is_lost or getattr(error.orig, "sqlstate", None) in _RETRYABLE
                if not is_retryable or attempt == _RETRIES - 1:
                    raise
            else:
                return result
        raise AssertionError("the loop above returns or raises")

    async def write_long(self, transaction: Callable[[Connection], T]) -> T:
        return await self.write(transaction)

    async def read(self, transaction: Callable[[Connection], T]) -> T:
        try:
            return await self._read(transaction)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        # The server had closed a recently used connection, and the pool has new ones now.
        return await self._read(transaction)

    async def peek(self, transaction: Callable[[Connection], T]) -> T:
        return await self.read(transaction)

    async def _read(self, transaction: Callable[[Connection], T]) -> T:
        with _cancellations_kept():
            async with self._reading.connect() as connection:
                return await connection.run_sync(transaction)

    async def close(self) -> None:
        await self._engine.dispose()


@contextmanager
def _cancellations_kept() -> Iterator[None]:
    """Raise CancelledError when the task was cancelled meanwhile, whatever error the block raised.

    SQLAlchemy and the driver replace a cancellation when the rollback after it fails. It would look
    like a broken connection, and be tried again: the task would never end.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    before = task.cancelling()
    try:
        yield
    except Exception as error:
        if task.cancelling() > before:
            raise asyncio.CancelledError from error
        raise


def _ask_those_that_were_idle(engine: Engine, asked_after_s: float) -> None:

    @event.listens_for(engine, "checkin")
    def note_when(_raw: Any, record: Any) -> None:
        record.info["free_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(raw: Any, record: Any, _proxy: Any) -> None:
        free_since = record.info.get("free_since")
        if free_since is None or time.monotonic() - free_since < asked_after_s:
            return
        try:
            engine.dialect.do_ping(raw)
        except engine.dialect.loaded_dbapi.Error as error:
            # The pool opens another and checks the others, too.
            raise InvalidatePoolError from error

"""Transactions on PostgreSQL: the asyncpg driver, through SQLAlchemy's ``run_sync``."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

T = TypeVar("T")

_CONNECTIONS = 16
_RETRIES = 5
# Serialization failure, deadlock.
_RETRYABLE = {"40001", "40P01"}


class PostgresDatabase:
    dialect = "postgresql"

    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_pre_ping=True,
            pool_size=_CONNECTIONS,
            # Who comes when all are taken waits: to open one for a single transaction costs more than the transaction.
            max_overflow=0,
            # Values may be secrets, and errors go to the log.
            hide_parameters=True,
        )

    async def write(self, transaction: Callable[[Connection], T]) -> T:
        for attempt in range(_RETRIES):
            try:
                async with self._engine.begin() as connection:
                    return await connection.run_sync(transaction)
            except DBAPIError as error:
                retryable = getattr(error.orig, "sqlstate", None) in _RETRYABLE
                if not retryable or attempt == _RETRIES - 1:
                    raise
        raise AssertionError("the loop above returns or raises")

    async def write_long(self, transaction: Callable[[Connection], T]) -> T:
        return await self.write(transaction)

    async def read(self, transaction: Callable[[Connection], T]) -> T:
        async with self._engine.connect() as connection:
            read_only = await connection.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
            return await read_only.run_sync(transaction)

    async def peek(self, transaction: Callable[[Connection], T]) -> T:
        return await self.read(transaction)

    async def close(self) -> None:
        await self._engine.dispose()

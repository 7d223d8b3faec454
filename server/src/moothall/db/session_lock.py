"""A PostgreSQL advisory lock, released by its server when this process ends (manual, 13.3.5)."""

import asyncio
from typing import Any

import structlog
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from moothall.db.errors import DatabaseUnavailable

# Advisory locks are per database, so all installations can use the same number: "moothall" in
# ASCII.
_KEY = int.from_bytes(b"moothall")
_LOOK_EVERY_S = 2.0
_ANSWER_WITHIN_S = 5.0
# PostgreSQL drops a holder whose machine has vanished after 10 s + 3 × 5 s.
_KEEPALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
_LONGEST_NAME = 63
_AWAY = (OSError, SQLAlchemyError, DatabaseUnavailable)

_TAKE = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=_KEY)
_HOLDER = text(
    """
    SELECT activity.application_name, activity.client_addr, activity.backend_start FROM pg_locks AS held
    JOIN pg_stat_activity AS activity ON activity.pid = held.pid
    WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1
      AND held.classid = :high AND held.objid = :low
      AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
).bindparams(high=_KEY >> 32, low=_KEY & 0xFFFF_FFFF)

_log = structlog.get_logger("moothall.lock")


class SessionLock:
    """The lock on its own connection, which must not go through a pooler that shares sessions."""

    option = "--database-url"

    def __init__(self, url: str, name: str) -> None:
        """``name`` identifies the holder to others."""
        parsed = make_url(url)
        self.what = f"the database {parsed.database} on {parsed.host or 'this machine'}"
        self._engine = create_async_engine(
            parsed.set(drivername="postgresql+asyncpg"),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "server_settings": {"application_name": name[:_LONGEST_NAME], **_KEEPALIVE},
                "timeout": _ANSWER_WITHIN_S,
            },
        )
        self._connection: AsyncConnection | None = None

    async def try_to_take(self) -> bool:
        """Try to take the lock, and return whether this process has it.

        Raises DatabaseUnavailable or SQLAlchemyError.
        """
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                if self._connection is None:
                    self._connection = await self._engine.connect()
                return bool((await self._connection.execute(_TAKE)).scalar_one())
        except OSError as error:
            reason = error.strerror or "no answer in time"
            raise DatabaseUnavailable(f"{self.what} cannot be reached: {reason}") from error

    async def holder(self) -> str:
        """Return a description of the holder."""
        async with asyncio.timeout(_ANSWER_WITHIN_S), self._engine.connect() as connection:
            row: Any = (await connection.execute(_HOLDER)).first()
        if row is None:
            return "which has just stopped"
        place = f", connected from {row.client_addr}" if row.client_addr else ""
        return f"{row.application_name or 'a process without a name'}{place}, running since {row.backend_start:%Y-%m-%dT%H:%M:%SZ}"

    async def until_lost(self) -> str:
        """Keep the lock; return a description of the new holder if it was lost to another process.

        While PostgreSQL is unreachable nobody can take the lock, so meetings go on.
        """
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                if self._connection is not None:
                    async with asyncio.timeout(_ANSWER_WITHIN_S):
                        await self._connection.execute(text("SELECT 1"))
                elif not await self.try_to_take():
                    return await self.holder()
            except _AWAY as error:
                if self._connection is not None:
                    _log.warning("lock_connection_lost", error=type(error).__name__)
                    await self._forget_connection()

    async def close(self) -> None:
        """Release the lock."""
        await self._forget_connection()
        await self._engine.dispose()

    async def _forget_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.invalidate()
                await connection.close()
            except _AWAY:
                _log.debug("lock_connection_not_closed")

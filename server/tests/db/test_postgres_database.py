"""Connections closed by PostgreSQL, and the outcome of their transactions."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import JSON, Connection, bindparam, event, make_url, text
from sqlalchemy.exc import DBAPIError
from support.postgres import PostgresServer

from moothall.db import Database
from moothall.db.postgres_database import PostgresDatabase


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.copy_of_template()


@pytest.fixture
async def database(url: str) -> AsyncIterator[PostgresDatabase]:
    opened = PostgresDatabase(make_url(url), asked_after_s=60)
    yield opened
    await opened.close()


@pytest.fixture
async def cautious(url: str) -> AsyncIterator[PostgresDatabase]:
    """Asks every connection before it is used."""
    opened = PostgresDatabase(make_url(url), asked_after_s=0)
    yield opened
    await opened.close()


def _backend(connection: Connection) -> int:
    pid: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return pid


async def _end(pid: int, url: str) -> None:
    """As a restart of the server does. Comes back when it has ended."""
    other = PostgresDatabase(make_url(url))
    await other.read(lambda c: c.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid}).scalar_one())
    await other.close()


@pytest.mark.parametrize("kind", ["read", "peek", "write", "write_long"])
async def test_a_connection_the_server_has_ended_is_replaced(database: Database, url: str, kind: str) -> None:
    run = getattr(database, kind)
    before = await run(_backend)
    assert await run(_backend) == before
    await _end(before, url)

    assert await run(_backend) != before


async def test_one_that_was_idle_is_replaced_before_a_transaction_sees_it(cautious: Database, url: str) -> None:
    before = await cautious.write(_backend)
    await _end(before, url)
    runs = []

    def transaction(connection: Connection) -> int:
        runs.append(connection)
        return _backend(connection)

    assert await cautious.write(transaction) != before
    assert len(runs) == 1


async def test_a_change_that_lost_its_connection_midway_is_made_once(database: Database) -> None:
    runs = []

    def transaction(connection: Connection) -> None:
        connection.execute(text("INSERT INTO server_heartbeat (id, alive_at) VALUES (7, 0)"))
        runs.append(connection)
        if len(runs) == 1:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    await database.write(transaction)

    assert len(runs) == 2
    count = text("SELECT count(*) FROM server_heartbeat WHERE id = 7")
    assert await database.read(lambda c: c.execute(count).scalar_one()) == 1


async def test_what_is_always_lost_is_raised_in_the_end(database: Database) -> None:
    runs = []

    def transaction(connection: Connection) -> None:
        runs.append(connection)
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DBAPIError):
        await database.write(transaction)
    with pytest.raises(DBAPIError):
        await database.read(transaction)

    assert len(runs) == 5 + 2


async def test_a_read_sees_one_snapshot_and_cannot_write(database: Database) -> None:
    def settings(connection: Connection) -> tuple[str, str]:
        names = ("transaction_isolation", "transaction_read_only")
        isolation, read_only = (connection.execute(text(f"SHOW {name}")).scalar_one() for name in names)
        return isolation, read_only

    assert await database.read(settings) == ("repeatable read", "on")
    assert await database.write(settings) == ("read committed", "off")
    assert await database.read(settings) == ("repeatable read", "on")


async def test_json_is_what_it_was(database: Database) -> None:
    value = {"text": "Ärzte & Patienten ✓", "number": 2**53, "list": [None, True, 1.5]}

    def there_and_back(connection: Connection) -> object:
        statement = text("SELECT CAST(:value AS json)").columns(value=JSON).bindparams(bindparam("value", type_=JSON))
        return connection.execute(statement, {"value": value}).scalar_one()

    assert await database.write(there_and_back) == value


@pytest.mark.parametrize("kind", ["read", "peek", "write", "write_long"])
async def test_a_cancellation_holds_when_the_connection_breaks_as_well(database: Database, kind: str) -> None:
    ran = []

    def transaction(connection: Connection) -> None:
        ran.append(_backend(connection))
        if len(ran) == 1:
            event.listen(connection, "rollback" if kind in ("read", "peek") else "commit", cancel_and_break)

    def cancel_and_break(connection: Connection) -> None:
        working.cancel()
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.terminate()

    async def work() -> None:
        await getattr(database, kind)(transaction)

    working = asyncio.get_running_loop().create_task(work())
    await asyncio.wait([working])

    assert working.cancelled()
    assert len(ran) == 1
    assert isinstance(await database.read(_backend), int)

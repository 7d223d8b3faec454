import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import OperationalError

from moothall.db import Database, DatabaseUnavailable, Timestamp, open_database

_metadata = MetaData()
_moments = Table("moment", _metadata, Column("id", Integer, primary_key=True), Column("at", Timestamp))


def _count(connection: Connection) -> int:
    return len(connection.execute(select(_moments.c.id)).all())


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path}/test.db")
    await opened.write(_metadata.create_all)
    yield opened
    await opened.close()


async def test_a_moment_comes_back_to_the_millisecond(database: Database) -> None:
    moment = datetime(2026, 11, 22, 21, 59, 59, 123000, tzinfo=UTC)

    await database.write(lambda connection: connection.execute(insert(_moments), {"at": moment}))

    assert await database.read(lambda connection: connection.execute(select(_moments.c.at)).scalar_one()) == moment


async def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    def half_done(connection: Connection) -> None:
        connection.execute(insert(_moments), {"id": 1})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(half_done)

    assert await database.read(_count) == 0


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        await database.read(lambda connection: connection.execute(insert(_moments), {"id": 1}))


async def test_concurrent_writes_queue_up_and_none_is_lost(database: Database) -> None:
    async with asyncio.TaskGroup() as writers:
        for number in range(50):
            writers.create_task(database.write(lambda c, number=number: c.execute(insert(_moments), {"id": number})))
            writers.create_task(database.read(_count))

    assert await database.read(_count) == 50


async def test_a_second_process_can_write_too(database: Database, tmp_path: Path) -> None:
    """The command line works on the database of a running server."""
    other = open_database(f"sqlite:///{tmp_path}/test.db")
    await other.write(lambda connection: connection.execute(insert(_moments), {"id": 7}))
    await other.close()

    assert await database.read(_count) == 1


async def test_commits_are_made_durable(database: Database) -> None:
    settings = await database.write(
        lambda connection: [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    )

    assert settings == ["wal", 2]


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "sqlite://"])
def test_what_we_do_not_run_on_is_refused_with_the_way_out(url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="sqlite:///"):
        open_database(url)

"""Transactions on SQLite share commits, without a visible effect on their results."""

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, ForeignKey, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from moothall.db.database import SqliteDatabase
from moothall.db.sqlite_library import sqlite_library

_metadata = MetaData()
_numbers = Table("number", _metadata, Column("id", Integer, primary_key=True))
_children = Table("child", _metadata, Column("parent", ForeignKey("number.id")))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = SqliteDatabase(tmp_path / "test.db")
    # However slow the machine is, what comes together is one group.
    opened._writer._group_seconds = math.inf
    await opened.write_long(_metadata.create_all)
    yield opened
    await opened.close()


@pytest.fixture
def commits(database: SqliteDatabase) -> list[str]:
    """One entry for each commit that follows."""
    seen: list[str] = []
    raw: Any = database._writer._connection.connection.connection.dbapi_connection
    raw.set_trace_callback(lambda sql: seen.append(sql) if sql == "COMMIT" else None)
    return seen


def _add(number: int) -> Callable[[Connection], int]:
    def transaction(connection: Connection) -> int:
        connection.execute(insert(_numbers), {"id": number})
        return number

    return transaction


async def _numbers_in(database: SqliteDatabase) -> list[int]:
    statement = select(_numbers.c.id).order_by(_numbers.c.id)
    return await database.read(lambda connection: list(connection.execute(statement).scalars()))


async def _outcomes(database: SqliteDatabase, *transactions: Callable[[Connection], Any]) -> list[Any]:
    """Return the outcomes of transactions that are requested at the same time."""
    return await asyncio.gather(*map(database.write, transactions), return_exceptions=True)


async def test_what_comes_together_shares_a_commit(database: SqliteDatabase, commits: list[str]) -> None:
    assert await _outcomes(database, _add(1), _add(2), _add(3)) == [1, 2, 3]

    assert len(commits) == 1
    assert await _numbers_in(database) == [1, 2, 3]


async def test_a_group_ends_when_it_has_kept_the_loop_long_enough(database: SqliteDatabase, commits: list[str]) -> None:
    database._writer._group_seconds = 0

    assert await _outcomes(database, _add(1), _add(2), _add(3)) == [1, 2, 3]

    assert len(commits) == 3


async def test_who_fails_takes_nothing_with_it(database: SqliteDatabase) -> None:
    def half_done(connection: Connection) -> None:
        _add(2)(connection)
        raise ZeroDivisionError

    first, second, third, fourth = await _outcomes(database, _add(1), half_done, _add(1), _add(4))

    assert (first, type(second), type(third), fourth) == (1, ZeroDivisionError, IntegrityError, 4)
    assert await _numbers_in(database) == [1, 4]


async def test_when_all_fail_nothing_is_committed(database: SqliteDatabase, commits: list[str]) -> None:
    def refuse(_connection: Connection) -> None:
        raise ZeroDivisionError

    outcomes = await _outcomes(database, refuse, refuse)

    assert ([type(outcome) for outcome in outcomes], commits) == ([ZeroDivisionError] * 2, [])


async def test_a_commit_that_fails_takes_all_and_the_refusals_too(database: SqliteDatabase) -> None:
    """All were refused, because their decisions depend on a row that was rolled back."""

    def fails_at_commit(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        connection.execute(insert(_children), {"parent": 99})

    def refused_because_of_the_first(connection: Connection) -> None:
        if connection.execute(select(_numbers.c.id)).first() is not None:
            raise ZeroDivisionError

    outcomes = await _outcomes(database, _add(1), refused_because_of_the_first, fails_at_commit)

    assert [type(outcome) for outcome in outcomes] == [IntegrityError] * 3
    assert await _numbers_in(database) == []
    assert await database.write(_add(5)) == 5


async def test_when_sqlite_gives_up_those_before_fail_and_those_after_go_on(database: SqliteDatabase) -> None:
    """As it does when the disk is full; the conflict clause does the same without a full disk."""
    await database.write(_add(1))

    def gives_up(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT OR ROLLBACK INTO number VALUES (1)")

    before, itself, after = await _outcomes(database, _add(2), gives_up, _add(3))

    assert (type(before), type(itself), after) == (IntegrityError, IntegrityError, 3)
    assert await _numbers_in(database) == [1, 3]


async def test_who_does_not_wait_any_more_is_not_run(database: SqliteDatabase) -> None:
    kept = asyncio.ensure_future(database.write(_add(1)))  # noqa: TID251 - awaited below
    given_up = asyncio.ensure_future(database.write(_add(2)))  # noqa: TID251 - awaited below
    await asyncio.sleep(0)
    given_up.cancel()

    assert await kept == 1
    assert await _numbers_in(database) == [1]


async def test_short_ones_run_on_the_loop_and_long_ones_do_not(database: SqliteDatabase) -> None:
    def thread(_connection: Connection) -> int:
        return threading.get_ident()

    short, long = await asyncio.gather(database.write(thread), database.write_long(thread))

    assert (short == threading.get_ident(), long == threading.get_ident()) == (True, False)


async def test_they_run_in_the_order_they_came_in(database: SqliteDatabase) -> None:
    order: list[int] = []

    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            run = database.write_long if number % 5 == 3 else database.write
            tasks.create_task(run(lambda _connection, number=number: order.append(number)))

    assert order == list(range(20))


async def test_the_loop_goes_on_while_another_process_writes(database: SqliteDatabase, tmp_path: Path) -> None:
    with closing(sqlite_library().connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(database.write(_add(1)))
            # Two hops to a thread and back: the group has been tried and has found the lock.
            assert await _numbers_in(database) == []
            assert await _numbers_in(database) == []
            assert not waiting.done()
            other.execute("COMMIT")

    assert await _numbers_in(database) == [1]


async def test_closing_waits_for_what_was_asked_for(tmp_path: Path) -> None:
    opened = SqliteDatabase(tmp_path / "test.db")
    await opened.write_long(_metadata.create_all)
    async with asyncio.TaskGroup() as tasks:
        adding = tasks.create_task(opened.write(_add(1)))
        await asyncio.sleep(0)
        tasks.create_task(opened.close())

    assert adding.result() == 1
    with closing(sqlite_library().connect(tmp_path / "test.db")) as after:
        assert after.execute("SELECT id FROM number").fetchall() == [(1,)]


async def test_an_error_tells_no_values(database: SqliteDatabase) -> None:
    await database.write(_add(4711))

    with pytest.raises(DBAPIError) as refusal:
        await database.write(_add(4711))

    assert "4711" not in str(refusal.value)

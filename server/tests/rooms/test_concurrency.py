"""Two changes of one room at the same time.

SQLite has a single writer, so only PostgreSQL is asked.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from support.clock import FakeClock
from support.places import make_application, make_room
from support.postgres import PostgresServer
from support.waiting import eventually

from moothall.api.errors import Forbidden
from moothall.db import Connection, Database, open_database
from moothall.rooms import model, service, store
from moothall.rooms.model import JoinApprovalLevel, Room, RoomType

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.fixture
async def address(postgres: PostgresServer) -> str:
    return postgres.copy_of_template()


@pytest.fixture
async def shared(address: str) -> AsyncIterator[Database]:
    opened = open_database(address)
    yield opened
    await opened.close()


async def _one_after_the_other(
    shared: Database, address: str, first: Callable[[Connection], Any], second: Callable[[Connection], Any]
) -> None:
    """``second`` begins after ``first`` has written and before it has committed."""
    engine = create_async_engine(address.replace("postgresql://", "postgresql+asyncpg://"))

    async def somebody_waits() -> int:
        return await shared.read(lambda connection: connection.execute(_WAITING).scalar_one())

    async with asyncio.TaskGroup() as tasks, engine.connect() as connection:
        transaction = await connection.begin()
        await connection.run_sync(first)
        tasks.create_task(shared.write(second))
        await eventually(somebody_waits)
        await transaction.commit()
    await engine.dispose()


async def _room(shared: Database, clock: FakeClock) -> Room:
    application = await make_application(shared, clock.now())
    week = clock.now() + timedelta(days=7)
    return await make_room(shared, application, clock.now(), room_type=RoomType.LONG_TERM, expires_at=week)


async def test_an_update_does_not_undo_another_one(shared: Database, address: str, clock: FakeClock) -> None:
    room = await _room(shared, clock)

    def update(**changes: Any) -> Callable[[Connection], Any]:
        return lambda connection: service.update_room(connection, room.application_id, room.id, changes, clock.now())

    await _one_after_the_other(
        shared,
        address,
        update(join_approval_level=JoinApprovalLevel.EXPLICIT_APPROVAL),
        update(expire_after_use=True),
    )

    changed = await shared.read(lambda connection: store.find_room(connection, room.id))
    assert changed is not None
    assert (changed.join_approval_level, changed.expire_after_use) == (JoinApprovalLevel.EXPLICIT_APPROVAL, True)


async def test_two_rooms_at_once_do_not_pass_the_limit(
    shared: Database, address: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = (await _room(shared, clock)).application_id
    monkeypatch.setattr(model, "MAX_ROOMS", 2)
    refusals: list[str] = []

    def create(connection: Connection) -> None:
        service.create_room(connection, application, display_name="Another", now=clock.now())

    def create_too_many(connection: Connection) -> None:
        try:
            create(connection)
        except Forbidden as refusal:
            refusals.append(refusal.message)

    await _one_after_the_other(shared, address, create, create_too_many)

    assert refusals == ["Maximum number of rooms for owner (2) exceeded"]
    assert await shared.read(lambda connection: store.count_open_rooms(connection, application)) == 2


async def test_an_update_while_somebody_enters_loses_neither(shared: Database, address: str, clock: FakeClock) -> None:
    room = await _room(shared, clock)

    def enter(connection: Connection) -> None:
        locked = store.lock_room(connection, room.id)
        assert locked is not None
        service.room_occupied(connection, locked, clock.now())

    await _one_after_the_other(
        shared,
        address,
        enter,
        lambda connection: service.update_room(
            connection, room.application_id, room.id, {"expire_after_use": True}, clock.now()
        ),
    )

    changed = await shared.read(lambda connection: store.find_room(connection, room.id))
    assert changed is not None
    assert (changed.occupied, changed.expire_after_use) == (True, True)

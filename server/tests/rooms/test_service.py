"""The lifecycle of rooms, with timers and callbacks, on both databases."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from support.clock import FakeClock

from moothall.applications import service as applications
from moothall.applications.keys import KeyPair
from moothall.applications.model import Webhooks
from moothall.db import Connection, Database
from moothall.rooms import service, store
from moothall.rooms.model import Room, RoomType


@pytest.fixture
async def application_id(any_database: Database, clock: FakeClock, keys: KeyPair) -> str:
    def create(connection: Connection) -> str:
        account = applications.ensure_default_account(connection, clock.now())
        webhooks = Webhooks(rooms_url="https://example.com/application")
        return applications.create_application(
            connection, account, name="Acme", public_key=keys.public, webhooks=webhooks, now=clock.now()
        ).application_id

    return await any_database.write(create)


async def create(database: Database, application_id: str, clock: FakeClock, **fields: Any) -> Room:
    made = await database.write(
        lambda connection: service.create_room(
            connection, application_id, display_name="Weekly", now=clock.now(), **fields
        )
    )
    return await find(database, made.id)


async def find(database: Database, room_id: str) -> Room:
    room = await database.read(lambda connection: store.find_room(connection, room_id))
    assert room is not None
    return room


async def timer(database: Database, room: Room) -> datetime | None:
    """When the room's timer is set to."""
    row = await database.read(
        lambda connection: connection.execute(
            text("SELECT run_at FROM jobs WHERE kind = 'room_expiry' AND key = :key"), {"key": room.id}
        ).one_or_none()
    )
    return None if row is None else datetime.fromtimestamp(row.run_at / 1000, tz=room.created_at.tzinfo)


async def events(database: Database) -> list[dict[str, Any]]:
    rows = await database.read(lambda connection: connection.execute(text("SELECT body FROM events")).scalars().all())
    return [json.loads(row) for row in rows]


async def test_timer_follows_the_people(any_database: Database, application_id: str, clock: FakeClock):
    room = await create(any_database, application_id, clock)
    assert await timer(any_database, room) == clock.now() + timedelta(minutes=10)

    clock.advance(minutes=5)
    await any_database.write(lambda connection: service.room_occupied(connection, room, clock.now()))
    assert await timer(any_database, room) is None

    clock.advance(minutes=60)
    occupied = await find(any_database, room.id)
    await any_database.write(lambda connection: service.room_vacated(connection, occupied, clock.now()))
    assert await timer(any_database, room) == clock.now() + timedelta(minutes=10)


async def test_timer_follows_an_update(any_database: Database, application_id: str, clock: FakeClock):
    later, latest = clock.now() + timedelta(days=1), clock.now() + timedelta(days=2)
    room = await create(any_database, application_id, clock, room_type=RoomType.LONG_TERM, expires_at=later)
    assert await timer(any_database, room) == later

    await any_database.write(
        lambda connection: service.update_room(connection, application_id, room.id, {"expires_at": latest}, clock.now())
    )

    assert await timer(any_database, room) == latest


async def test_expiry_is_told_once_and_for_all(any_database: Database, application_id: str, clock: FakeClock):
    room = await create(any_database, application_id, clock, options={"metadata": "case 42"})
    clock.advance(minutes=10)

    first = await any_database.write(lambda connection: service.expire_room_if_due(connection, room.id, clock.now()))
    second = await any_database.write(lambda connection: service.expire_room_if_due(connection, room.id, clock.now()))

    assert first == second == await find(any_database, room.id)
    assert first is not None
    assert first.ended_at == clock.now()
    assert await timer(any_database, room) is None
    told = await events(any_database)
    assert len(told) == 1
    assert told[0]["event"] == "room:expired"
    assert told[0]["room_id"] == room.id
    assert told[0]["room_type"] == "instant"
    assert told[0]["expires_at"] == "2026-11-22T12:10:00.000Z"
    assert told[0]["created_at"] == "2026-11-22T12:00:00.000Z"


async def test_timer_that_runs_early_is_set_again(any_database: Database, application_id: str, clock: FakeClock):
    room = await create(any_database, application_id, clock)
    due = clock.now() + timedelta(minutes=10)
    clock.advance(minutes=9)

    ended = await any_database.write(lambda connection: service.expire_room_if_due(connection, room.id, clock.now()))

    assert ended is None
    assert await timer(any_database, room) == due
    assert await events(any_database) == []


async def test_people_leaving_a_room_that_has_ended_do_not_revive_it(
    any_database: Database, application_id: str, clock: FakeClock
):
    room = await create(
        any_database,
        application_id,
        clock,
        room_type=RoomType.LONG_TERM,
        expires_at=clock.now() + timedelta(hours=1),
    )
    await any_database.write(lambda connection: service.room_occupied(connection, room, clock.now()))
    clock.advance(hours=1)
    ended = await any_database.write(lambda connection: service.expire_room_if_due(connection, room.id, clock.now()))
    assert ended is not None

    await any_database.write(lambda connection: service.room_vacated(connection, ended, clock.now()))
    await any_database.write(lambda connection: service.room_occupied(connection, ended, clock.now()))

    found = await find(any_database, room.id)
    assert (found.occupied, found.ended_at) == (False, ended.ended_at)
    assert await timer(any_database, room) is None


async def test_stored_room_is_the_room(any_database: Database, application_id: str, clock: FakeClock):
    made = await any_database.write(
        lambda connection: service.create_room(
            connection,
            application_id,
            display_name="Übergabe 🚀",
            room_type=RoomType.LONG_TERM,
            expires_at=clock.now() + timedelta(days=7, milliseconds=5),
            options={"metadata": "a\tb", "ui_settings": {"language": "he"}, "expire_after_use": True},
            now=clock.now(),
        )
    )

    by_id = await find(any_database, made.id)
    by_code = await any_database.read(lambda connection: store.find_room_by_code(connection, made.meeting_code))

    assert by_id == by_code
    assert by_id.serial > 0
    assert {**vars_of(by_id), "serial": 0} == vars_of(made)


def vars_of(room: Room) -> dict[str, Any]:
    return {name: getattr(room, name) for name in room.__slots__}

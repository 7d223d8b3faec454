from datetime import timedelta

from support.clock import START

from moothall.db import Connection, Database
from moothall.meeting import store
from moothall.sessions.model import Role

TEN = timedelta(minutes=10)


def _remove(connection: Connection, participant_id: str, room_id: str = "weekly", minutes: int = 0) -> None:
    now = START + timedelta(minutes=minutes)
    store.save_removal(connection, room_id, participant_id, Role.GUEST, until=now + TEN, forget_before=now - TEN)


async def _is_removed(database: Database, participant_id: str, minutes: int, room_id: str = "weekly") -> bool:
    now = START + timedelta(minutes=minutes)
    return await database.read(
        lambda connection: store.find_removals(connection, room_id, participant_id, now).is_removed
    )


async def test_a_removal_holds_for_its_room_and_time(any_database: Database) -> None:
    await any_database.write(lambda connection: _remove(connection, "ada"))

    assert await _is_removed(any_database, "ada", 9)
    assert not await _is_removed(any_database, "ada", 10)
    assert not await _is_removed(any_database, "bob", 1)
    assert not await _is_removed(any_database, "ada", 1, room_id="daily")


async def test_a_second_removal_counts_from_anew(any_database: Database) -> None:
    await any_database.write(lambda connection: _remove(connection, "ada"))
    await any_database.write(lambda connection: _remove(connection, "ada", minutes=5))

    assert await _is_removed(any_database, "ada", 14)


async def test_removals_that_have_been_over_for_long_are_forgotten(any_database: Database) -> None:
    await any_database.write(lambda connection: _remove(connection, "ada"))
    await any_database.write(lambda connection: _remove(connection, "bob", minutes=19))
    assert await any_database.read(
        lambda connection: store.find_removals(connection, "weekly", "ada", START).was_removed
    )
    await any_database.write(lambda connection: _remove(connection, "carol", minutes=20))

    left = await any_database.read(lambda connection: connection.execute(store.removals.select()).all())
    assert sorted(row.participant_id for row in left) == ["bob", "carol"]
    assert not await any_database.read(
        lambda connection: store.find_removals(connection, "weekly", "ada", START).was_removed
    )

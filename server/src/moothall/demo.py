"""A demo application with one room, so that the first start has something to show."""

from datetime import datetime, timedelta
from pathlib import Path

from moothall.applications import service as applications
from moothall.applications import store as application_store
from moothall.db import Connection, Database
from moothall.rooms import service as rooms
from moothall.rooms import store as room_store
from moothall.rooms.model import Room, RoomType, has_ended

_APPLICATION_NAME = "Moothall demo"
_ROOM_NAME = "Demo room"
_LIFETIME = timedelta(days=364)
_RENEW_BEFORE = timedelta(days=1)


async def ensure_demo_room(database: Database, data_dir: Path, now: datetime) -> Room:
    """Return the demo room, a new one if the old one ends within a day.

    Restarts therefore print the same links.
    """
    application = await database.read(
        lambda connection: application_store.find_application_by_name(connection, _APPLICATION_NAME)
    )
    if application is None:
        application, _ = await applications.create_application_with_key(
            database, _APPLICATION_NAME, None, data_dir / "keys", now
        )
    application_id = application.application_id

    def transaction(connection: Connection) -> Room:
        newest = room_store.find_newest_room(connection, application_id)
        if newest is not None and not has_ended(newest, now + _RENEW_BEFORE):
            return newest
        return rooms.create_room(
            connection,
            application_id,
            display_name=_ROOM_NAME,
            room_type=RoomType.LONG_TERM,
            expires_at=now + _LIFETIME,
            now=now,
        )

    return await database.write(transaction)

"""Rooms, sessions and recordings of the past, put into the data directory of a running server."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from moothall.db import Connection, open_database
from moothall.kit.clock import to_milliseconds
from moothall.kit.ids import new_meeting_code, new_session_id, new_uuid
from moothall.recordings import store as recordings
from moothall.recordings.model import Recording, RecordingStatus
from moothall.rooms import service as rooms_service
from moothall.rooms import store as rooms_store
from moothall.rooms.model import Room, RoomType
from moothall.sessions import service as sessions_service
from moothall.sessions import store as sessions
from moothall.sessions.model import Role, Session
from moothall.themes import service as themes_service

CONTENT = b"not really a film"


T = TypeVar("T")


@dataclass(frozen=True)
class RecordedSession:
    session_id: str
    recording_id: str


@dataclass(frozen=True)
class RunningSession:
    room_id: str
    recording_id: str


def record_session(data_dir: Path, application_id: str) -> RecordedSession:
    """A session of the application with one recording that is ready."""
    now = to_milliseconds(datetime.now(UTC))
    session = Session(new_session_id(), new_uuid(), application_id, now, now)
    started = Recording(new_uuid(), application_id, session.room_id, session.id, now, now, RecordingStatus.UPLOADED)
    recording = replace(started, file=f"{started.id}.mp4", size=len(CONTENT))
    (data_dir / "recordings").mkdir(exist_ok=True)
    (data_dir / "recordings" / str(recording.file)).write_bytes(CONTENT)

    def transaction(connection: Connection) -> None:
        sessions.insert_session(connection, session)
        recordings.insert_recording(connection, recording)

    _write(data_dir, transaction)
    return RecordedSession(session.id, recording.id)


def start_instant_session(data_dir: Path, application_id: str) -> RunningSession:
    """An instant room with somebody inside, and a recording that goes on.

    Both have a date that does not exist yet.
    """
    now = to_milliseconds(datetime.now(UTC))

    def transaction(connection: Connection) -> RunningSession:
        room = rooms_service.create_room(connection, application_id, display_name="Occupied", now=now)
        sessions_service.participant_joined(
            connection, room.id, participant_id=new_uuid(), sid="PA_ada", name="Ada", role=Role.GUEST, at=now, now=now
        )
        session = sessions.lock_open_session(connection, room.id)
        assert session is not None
        recording = Recording(new_uuid(), application_id, room.id, session.id, now)
        recordings.insert_recording(connection, recording)
        return RunningSession(room.id, recording.id)

    return _write(data_dir, transaction)


def past_rooms(data_dir: Path, application_id: str, count: int) -> str:
    """Rooms that have ended, named by their number from 0 on, all with one theme.

    Returns the theme's id.
    """
    now = to_milliseconds(datetime.now(UTC))
    details = {"main_color": "#123", "brand_text": "Many rooms"}

    def transaction(connection: Connection) -> str:
        theme = themes_service.create_theme(connection, application_id, details, now)
        for number in range(count):
            room = Room(
                id=new_uuid(),
                application_id=application_id,
                display_name=str(number),
                type=RoomType.INSTANT,
                meeting_code=new_meeting_code(),
                owner_participant_id=new_uuid(),
                created_at=now,
                ended_at=now,
                theme_id=theme.theme_id,
            )
            rooms_store.insert_room(connection, room)
        return theme.theme_id

    return _write(data_dir, transaction)


def _write(data_dir: Path, transaction: Callable[[Connection], T]) -> T:
    async def write() -> T:
        database = open_database(f"sqlite:///{data_dir}/moothall.db")
        try:
            return await database.write(transaction)
        finally:
            await database.close()

    return asyncio.run(write())

"""Recordings as a recorder would have left them, put into the data directory of a running server."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from moothall.db import Connection, open_database
from moothall.kit.clock import to_milliseconds
from moothall.kit.ids import new_session_id, new_uuid
from moothall.recordings import store as recordings
from moothall.recordings.model import Recording, RecordingStatus
from moothall.sessions import store as sessions
from moothall.sessions.model import Session

CONTENT = b"not really a film"


@dataclass(frozen=True)
class RecordedSession:
    session_id: str
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

    async def write() -> None:
        database = open_database(f"sqlite:///{data_dir}/moothall.db")
        await database.write(transaction)
        await database.close()

    asyncio.run(write())
    return RecordedSession(session.id, recording.id)

"""Recordings in the database.

Whatever stores a recording with its end writes its time to the ledger.
"""

from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Row,
    String,
    Table,
    delete,
    insert,
    or_,
    select,
    text,
    update,
)

from moothall.db import Timestamp, metadata
from moothall.ledger import store as ledger
from moothall.ledger.model import Kind
from moothall.recordings.model import Recording, RecordingStatus

_OPEN = text("ended_at IS NULL")

recordings = Table(
    "recordings",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("application_id", String(36), ForeignKey("applications.application_id"), nullable=False, index=True),
    Column("room_id", String(36), nullable=False),
    Column("session_id", String(64), ForeignKey("sessions.id"), nullable=False, index=True),
    Column("started_at", Timestamp, nullable=False),
    Column("ended_at", Timestamp),
    Column("status", String(16), nullable=False),
    Column("file", String(64)),
    Column("size", BigInteger),
    Column("sha256", String(64)),
    Index("ix_recordings_open_application_id", "application_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
)


def insert_recording(connection: Connection, recording: Recording) -> None:
    _bill(connection, recording)
    connection.execute(insert(recordings).values(_values(recording)))


def save_recording(connection: Connection, recording: Recording) -> None:
    """Write every column of a stored recording."""
    _bill(connection, recording)
    connection.execute(update(recordings).where(recordings.c.id == recording.id).values(_values(recording)))


def delete_recording(connection: Connection, recording_id: str) -> None:
    connection.execute(delete(recordings).where(recordings.c.id == recording_id))


def delete_recordings_of(connection: Connection, application_id: str) -> None:
    """Delete all recordings of an application."""
    connection.execute(delete(recordings).where(recordings.c.application_id == application_id))


def find_recording(connection: Connection, recording_id: str) -> Recording | None:
    """Return a recording of any application."""
    row = connection.execute(select(recordings).where(recordings.c.id == recording_id)).one_or_none()
    return None if row is None else _recording(row)


def find_recording_of(connection: Connection, application_id: str, recording_id: str) -> Recording | None:
    recording = find_recording(connection, recording_id)
    return recording if recording is not None and recording.application_id == application_id else None


def list_recordings(connection: Connection, session_id: str) -> list[Recording]:
    """Return the recordings of a session in order of start."""
    statement = select(recordings).where(recordings.c.session_id == session_id)
    ordered = statement.order_by(recordings.c.started_at, recordings.c.id)
    return [_recording(row) for row in connection.execute(ordered)]


def newest_recordings(connection: Connection, application_id: str, *, after: str | None, limit: int) -> list[Recording]:
    """Return recordings of an application, the newest first.

    ``after``: the id of the recording before them in this order; None begins with the newest.
    """
    statement = select(recordings).where(recordings.c.application_id == application_id)
    if after is not None:
        previous = select(recordings.c.started_at).where(
            recordings.c.id == after, recordings.c.application_id == application_id
        )
        start = previous.scalar_subquery()
        statement = statement.where(
            or_(recordings.c.started_at < start, (recordings.c.started_at == start) & (recordings.c.id < after))
        )
    ordered = statement.order_by(recordings.c.started_at.desc(), recordings.c.id.desc())
    return [_recording(row) for row in connection.execute(ordered.limit(limit))]


def files_of(connection: Connection, application_id: str) -> list[str]:
    """Return the file names of an application's recordings."""
    statement = select(recordings.c.file).where(
        recordings.c.application_id == application_id, recordings.c.file.is_not(None)
    )
    return list(connection.execute(statement).scalars())


def running_of(connection: Connection, application_id: str) -> list[Recording]:
    """Return the recordings of an application that have not ended."""
    statement = select(recordings).where(recordings.c.application_id == application_id, recordings.c.ended_at.is_(None))
    return [_recording(row) for row in connection.execute(statement.order_by(recordings.c.id))]


def is_file_used(connection: Connection, file: str) -> bool:
    statement = select(recordings.c.id).where(recordings.c.file == file).limit(1)
    return connection.execute(statement).one_or_none() is not None


def _bill(connection: Connection, recording: Recording) -> None:
    if recording.ended_at is None:
        return
    ledger.post(
        connection,
        kind=Kind.RECORDING,
        application_id=recording.application_id,
        room_id=recording.room_id,
        session_id=recording.session_id,
        source=recording.id,
        start=recording.started_at,
        end=recording.ended_at,
    )


def _values(recording: Recording) -> dict[str, Any]:
    return asdict(recording) | {"status": recording.status.value}


def _recording(row: Row[Any]) -> Recording:
    return Recording(**{**row._asdict(), "status": RecordingStatus(row.status)})

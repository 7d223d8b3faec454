"""Use cases of recordings. Each runs in the transaction of the connection it is given."""

from datetime import datetime

from moothall.api.errors import Conflict, NotFound
from moothall.db import Connection
from moothall.jobs import store as jobs
from moothall.recordings import store
from moothall.recordings.model import Recording, RecordingStatus
from moothall.sessions import store as sessions

SWEEP_JOB = "recording_sweep"

_MAX_SHOWN_ID = 128


def get_recording(connection: Connection, application_id: str, recording_id: str) -> Recording:
    """Raises NotFound, also for another application's recording."""
    recording = store.find_recording_of(connection, application_id, recording_id.lower())
    if recording is None:
        raise NotFound(f"Recording {recording_id[:_MAX_SHOWN_ID]} was not found")
    return recording


def list_recordings(connection: Connection, application_id: str, session_id: str) -> list[Recording]:
    """The recordings of a session in the order of their start. Raises NotFound for an unknown session."""
    session = sessions.find_session(connection, session_id)
    if session is None or session.application_id != application_id:
        raise NotFound(f"Failed to find session recordings by id: {session_id[:_MAX_SHOWN_ID]}")
    return store.list_recordings(connection, session.id)


def delete_recording(connection: Connection, application_id: str, recording_id: str, now: datetime) -> None:
    """The recording is gone at once, its file soon after. Raises NotFound; Conflict while the file is not ready."""
    recording = store.find_recording_of(connection, application_id, recording_id.lower())
    if recording is None:
        raise NotFound("Could not find recording")
    if recording.status is not RecordingStatus.UPLOADED:
        raise Conflict(f"Recording {recording.id} is {recording.status}: only uploaded recordings can be deleted")
    store.delete_recording(connection, recording.id)
    if recording.file is not None:
        jobs.schedule(connection, kind=SWEEP_JOB, key=recording.file, run_at=now)


def remove_all(connection: Connection, application_id: str, now: datetime) -> None:
    """The application goes: delete its recordings and, soon after, their files."""
    for file in store.files_of(connection, application_id):
        jobs.schedule(connection, kind=SWEEP_JOB, key=file, run_at=now)
    store.delete_recordings_of(connection, application_id)

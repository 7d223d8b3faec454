"""Use cases of recordings. Each runs in the transaction of the connection it is given."""

from dataclasses import replace
from datetime import datetime

from moothall.api.errors import Conflict, NotFound, shown
from moothall.callbacks.events import Payload, RecordingEnded, RecordingStarted, RecordingUploaded
from moothall.db import Connection
from moothall.jobs import store as jobs
from moothall.recordings import store
from moothall.recordings.model import Recording, RecordingStatus
from moothall.rooms import service as rooms
from moothall.rooms import store as rooms_store
from moothall.sessions import store as sessions

SWEEP_JOB = "recording_sweep"

_RUNNING = (RecordingStatus.STARTED, RecordingStatus.PAUSED)


def start_recording(connection: Connection, recording: Recording, now: datetime) -> None:
    """Store a new recording and send ``recording:started``.

    ``recording`` has a new id and its initial state.
    """
    store.insert_recording(connection, recording)
    _tell(connection, recording, RecordingStarted(recording_id=recording.id, session_id=recording.session_id), now)


def end_recording(connection: Connection, recording_id: str, *, at: datetime, now: datetime) -> bool:
    """End the recording at ``at``.

    Returns False and changes nothing if it is not running.
    """
    recording = store.find_recording(connection, recording_id)
    if recording is None or recording.status not in _RUNNING:
        return False
    ended = replace(recording, status=RecordingStatus.STOPPED, ended_at=max(at, recording.started_at))
    store.save_recording(connection, ended)
    started_at, ended_at, duration = _times(ended)
    told = RecordingEnded(
        recording_id=ended.id,
        session_id=ended.session_id,
        started_at=started_at,
        ended_at=ended_at,
        duration=duration,
    )
    _tell(connection, ended, told, now)
    return True


def upload_recording(
    connection: Connection, recording_id: str, *, file: str, size: int, sha256: str, url: str, now: datetime
) -> bool:
    """Register the file of an ended recording.

    ``size`` is in bytes, ``sha256`` in hexadecimal, ``url`` a link for the application.

    Returns False and changes nothing if the recording is not waiting for its file.
    """
    recording = store.find_recording(connection, recording_id)
    if recording is None or recording.status is not RecordingStatus.STOPPED:
        return False
    uploaded = replace(recording, status=RecordingStatus.UPLOADED, file=file, size=size, sha256=sha256)
    store.save_recording(connection, uploaded)
    started_at, ended_at, duration = _times(uploaded)
    told = RecordingUploaded(
        recording_id=uploaded.id,
        session_id=uploaded.session_id,
        room_id=uploaded.room_id,
        started_at=started_at,
        ended_at=ended_at,
        duration=duration,
        url=url,
    )
    _tell(connection, uploaded, told, now)
    return True


def get_recording(connection: Connection, application_id: str, recording_id: str) -> Recording:
    """Return a recording. Raises NotFound, also for another application's recording."""
    recording = store.find_recording_of(connection, application_id, recording_id.lower())
    if recording is None:
        raise NotFound(f"Recording {shown(recording_id)} was not found")
    return recording


def list_recordings(connection: Connection, application_id: str, session_id: str) -> list[Recording]:
    """Return the recordings of a session in order of start. Raises NotFound."""
    session = sessions.find_session(connection, session_id)
    if session is None or session.application_id != application_id:
        raise NotFound(f"Failed to find session recordings by id: {shown(session_id)}")
    return store.list_recordings(connection, session.id)


def delete_recording(connection: Connection, application_id: str, recording_id: str, now: datetime) -> None:
    """Delete a recording at once and its file soon after.

    Raises NotFound; Conflict while the file is not ready.
    """
    recording = store.find_recording_of(connection, application_id, recording_id.lower())
    if recording is None:
        raise NotFound("Could not find recording")
    if recording.status is not RecordingStatus.UPLOADED:
        raise Conflict(f"Recording {recording.id} is {recording.status}: only uploaded recordings can be deleted")
    store.delete_recording(connection, recording.id)
    if recording.file is not None:
        jobs.schedule(connection, kind=SWEEP_JOB, key=recording.file, run_at=now)


def remove_all(connection: Connection, application_id: str, now: datetime) -> None:
    """Delete the recordings of an application at once and their files soon after.

    Those that run are billed until now.
    """
    for recording in store.running_of(connection, application_id):
        store.save_recording(connection, replace(recording, ended_at=max(now, recording.started_at)))
    for file in store.files_of(connection, application_id):
        jobs.schedule(connection, kind=SWEEP_JOB, key=file, run_at=now)
    store.delete_recordings_of(connection, application_id)


def _times(recording: Recording) -> tuple[datetime, datetime, int]:
    """Return the start, the end and the duration (whole seconds) of a recording that has ended."""
    assert recording.ended_at is not None  # noqa: S101 - asked of ended ones only
    duration = int((recording.ended_at - recording.started_at).total_seconds())
    return recording.started_at, recording.ended_at, duration


def _tell(connection: Connection, recording: Recording, payload: Payload, now: datetime) -> None:
    room = rooms_store.find_room(connection, recording.room_id)
    if room is None:
        return
    rooms.tell(connection, room, payload, now=now)

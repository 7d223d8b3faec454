"""Use cases of recordings. Each runs in the transaction of the connection it is given."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from moothall.api.errors import Conflict, NotFound
from moothall.callbacks.model import Topic
from moothall.db import Connection
from moothall.jobs import store as jobs
from moothall.kit.clock import render_timestamp
from moothall.recordings import store
from moothall.recordings.model import Recording, RecordingStatus
from moothall.rooms import service as rooms
from moothall.rooms import store as rooms_store
from moothall.sessions import store as sessions

SWEEP_JOB = "recording_sweep"

_MAX_SHOWN_ID = 128
_RUNNING = (RecordingStatus.STARTED, RecordingStatus.PAUSED)


def start_recording(connection: Connection, recording: Recording, now: datetime) -> None:
    """A session is recorded from now on. ``recording``: one with a new id, in the state it starts with."""
    store.insert_recording(connection, recording)
    _tell(connection, recording, "recording:started", {}, now)


def end_recording(connection: Connection, recording_id: str, *, at: datetime, now: datetime) -> bool:
    """Nothing more is recorded since ``at``. False, and nothing changes, when no such recording runs."""
    recording = store.find_recording(connection, recording_id)
    if recording is None or recording.status not in _RUNNING:
        return False
    ended = replace(recording, status=RecordingStatus.STOPPED, ended_at=at)
    store.save_recording(connection, ended)
    _tell(connection, ended, "recording:ended", _times(ended), now)
    return True


def upload_recording(
    connection: Connection, recording_id: str, *, file: str, size: int, sha256: str, url: str, now: datetime
) -> bool:
    """The file of an ended recording is in its folder; ``size`` in bytes, ``sha256`` hexadecimal, ``url`` a link to it for the application.

    False, and nothing changes, when no such recording waits for its file.
    """
    recording = store.find_recording(connection, recording_id)
    if recording is None or recording.status is not RecordingStatus.STOPPED:
        return False
    uploaded = replace(recording, status=RecordingStatus.UPLOADED, file=file, size=size, sha256=sha256)
    store.save_recording(connection, uploaded)
    fields = {"room_id": uploaded.room_id, **_times(uploaded), "url": url}
    _tell(connection, uploaded, "recording:uploaded", fields, now)
    return True


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


def _times(recording: Recording) -> dict[str, object]:
    assert recording.ended_at is not None  # noqa: S101 - asked of ended ones only
    return {
        "started_at": render_timestamp(recording.started_at),
        "ended_at": render_timestamp(recording.ended_at),
        # Whole seconds.
        "duration": int((recording.ended_at - recording.started_at).total_seconds()),
    }


def _tell(connection: Connection, recording: Recording, name: str, fields: Mapping[str, object], now: datetime) -> None:
    room = rooms_store.find_room(connection, recording.room_id)
    if room is None:
        return
    payload = {"recording_id": recording.id, "session_id": recording.session_id, **fields}
    rooms.tell(connection, room, Topic.RECORDINGS, name, payload, now=now)

"""Deletes an application: all its rows in one transaction, meetings and files soon after."""

from datetime import datetime

from moothall.applications import store as applications
from moothall.callbacks import outbox
from moothall.db import Connection
from moothall.idempotency import store as idempotency
from moothall.jobs import store as jobs
from moothall.meeting.endings import EVICTION_JOB
from moothall.recordings import service as recordings
from moothall.rooms import store as rooms
from moothall.rooms.service import EXPIRY_JOB
from moothall.sessions import service as sessions
from moothall.sessions.service import GRACE_JOB
from moothall.themes import service as themes


def remove_application(connection: Connection, application_id: str, now: datetime) -> None:
    """Delete the application and everything it owns but what is billed, without callbacks.

    Jobs are scheduled that end its meetings and delete its files.
    """
    for room_id in rooms.open_room_ids(connection, application_id):
        for kind in (EXPIRY_JOB, GRACE_JOB):
            jobs.cancel(connection, kind=kind, key=room_id)
        jobs.schedule(connection, kind=EVICTION_JOB, key=room_id, run_at=now)
    recordings.remove_all(connection, application_id, now)
    sessions.remove_all(connection, application_id, now)
    rooms.delete_rooms_of(connection, application_id)
    outbox.remove_all(connection, application_id)
    themes.remove_all(connection, application_id, now)
    idempotency.delete_of(connection, application_id)
    applications.delete_application(connection, application_id)

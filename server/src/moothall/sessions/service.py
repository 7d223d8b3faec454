"""Sessions as the media engine's reports make them.

A session starts when the first participant joins a room in which none goes on, and ends when the last one leaves. Reports may come twice:
each (participant, connection) joins once and leaves once.

When a connection ends, the participant has left, except where another connection is on its way: while the server shuts down, and when
the participant connected anew (the old connection ends as a duplicate). Then, and for everybody inside when the server crashed, there
is a time of grace:

* who is back within it has never left: no callback, one attendance;
* who is not has left at the moment the connection ended; after a crash that is the last moment at which the server is known to have been
  alive (its heartbeat, or a later join), never later than the truth and at most one heartbeat earlier;
* if nobody is back, the session ended when the last one left. The room counts as empty only from the end of the grace on, so an instant
  room gives people another ten minutes from the time they could have returned.
"""

from datetime import datetime, timedelta

from moothall.callbacks.model import Topic
from moothall.db import Connection
from moothall.jobs import store as jobs
from moothall.kit.clock import render_timestamp
from moothall.kit.ids import new_session_id
from moothall.rooms import service as rooms
from moothall.rooms import store as rooms_store
from moothall.rooms.model import Room, has_ended
from moothall.sessions import store
from moothall.sessions.model import TYPES, Attendance, Role, Session

GRACE_JOB = "session_grace"
GRACE = timedelta(seconds=60)
HEARTBEAT = timedelta(seconds=10)


def participant_joined(
    connection: Connection,
    room_id: str,
    *,
    participant_id: str,
    sid: str,
    name: str,
    role: Role,
    at: datetime,
    now: datetime,
) -> bool:
    """A participant's connection is up. False when the room has ended or is unknown: nothing is written, the participant must go."""
    room = rooms_store.lock_room(connection, room_id)
    session = store.lock_open_session(connection, room_id)
    if room is None or has_ended(room, now):
        return False
    if store.is_known_connection(connection, participant_id, sid):
        return True
    if session is None:
        session = _start(connection, room, at, now)
    attendance = store.find_open_attendance(connection, session.id, participant_id)
    if attendance is None:
        attendance = store.insert_attendance(
            connection, session_id=session.id, participant_id=participant_id, name=name, role=role, joined_at=at
        )
        _tell_participant(connection, room, attendance, "session:participant:joined", now)
    else:
        # One connection for each participant: whatever was open is being replaced.
        store.close_connections(connection, attendance.id, at)
        store.resume_attendance(connection, attendance.id, name)
        _set_grace_timer(connection, session)
    store.insert_connection(
        connection, attendance_id=attendance.id, participant_id=participant_id, sid=sid, connected_at=at
    )
    return True


def participant_left(
    connection: Connection,
    room_id: str,
    *,
    participant_id: str,
    sid: str,
    returning: bool,
    at: datetime,
    now: datetime,
) -> None:
    """A participant's connection has ended. ``returning``: another one is on its way. Unknown and replaced connections change nothing."""
    session = _lock(connection, room_id)
    attendance = None if session is None else store.find_open_attendance(connection, session.id, participant_id)
    if session is None or attendance is None or not store.close_connection(connection, attendance.id, sid, at):
        return
    if returning:
        store.suspend_attendance(connection, attendance.id, since=at, until=now + GRACE)
        _set_grace_timer(connection, session)
    else:
        _end_attendances(connection, session, [(attendance, at)], vacated_at=at, now=now)


def room_emptied(connection: Connection, room_id: str, *, at: datetime, now: datetime) -> None:
    """The engine closed the room at ``at``: whoever connected before has left, even if nobody said so."""
    session = _lock(connection, room_id)
    if session is None:
        return
    left = []
    for attendance in store.open_attendances(connection, session.id):
        connected_at = store.last_connected_at(connection, attendance.id)
        if attendance.away_since is None and connected_at is not None and connected_at <= at:
            store.close_connections(connection, attendance.id, at)
            left.append((attendance, at))
    _end_attendances(connection, session, left, vacated_at=at, now=now)


def recover(connection: Connection, now: datetime) -> int:
    """After a start: nobody is connected yet, and everybody in an open session gets the time of grace. Returns how many participants."""
    alive_at = store.find_heartbeat(connection)
    expected = 0
    for room_id in store.rooms_in_session(connection):
        session = _lock(connection, room_id)
        if session is None:
            continue
        for attendance in store.open_attendances(connection, session.id):
            known = [attendance.joined_at, alive_at, store.last_connected_at(connection, attendance.id)]
            since = attendance.away_since or max(moment for moment in known if moment is not None)
            store.close_connections(connection, attendance.id, since)
            store.suspend_attendance(connection, attendance.id, since=since, until=now + GRACE)
            expected += 1
        _set_grace_timer(connection, session)
    return expected


def end_grace(connection: Connection, room_id: str, now: datetime) -> None:
    """Job ``session_grace``: whoever was expected back by now has left."""
    session = _lock(connection, room_id)
    if session is None:
        return
    absent = [
        (attendance, attendance.away_since)
        for attendance in store.open_attendances(connection, session.id)
        if attendance.away_since is not None and attendance.away_until is not None and attendance.away_until <= now
    ]
    absent.sort(key=lambda pair: pair[1])
    _end_attendances(connection, session, absent, vacated_at=now, now=now)
    _set_grace_timer(connection, session)


def heartbeat(connection: Connection, now: datetime) -> None:
    """The server is alive. Written every ``HEARTBEAT``; read by ``recover``."""
    store.save_heartbeat(connection, now)


def list_sessions(connection: Connection, room_id: str, *, offset: int = 0, limit: int = 20) -> list[Session]:
    """The sessions of a room, the newest first."""
    return store.list_sessions(connection, room_id, offset=offset, limit=limit)


def list_participants(
    connection: Connection, session_id: str, *, offset: int = 0, limit: int = 250
) -> list[Attendance]:
    """Who is or was in a session and when, in the order of joining."""
    return store.list_attendances(connection, session_id, offset=offset, limit=limit)


def _lock(connection: Connection, room_id: str) -> Session | None:
    """The session that goes on. The room is locked before its session, always, so that no two transactions wait for each other."""
    rooms_store.lock_room(connection, room_id)
    return store.lock_open_session(connection, room_id)


def _start(connection: Connection, room: Room, at: datetime, now: datetime) -> Session:
    session = Session(
        id=new_session_id(), room_id=room.id, application_id=room.application_id, started_at=at, ended_at=None
    )
    store.insert_session(connection, session)
    rooms.room_occupied(connection, room, now)
    rooms.tell(connection, room, Topic.SESSIONS, "session:started", _session_fields(session), now=now)
    return session


def _end_attendances(
    connection: Connection,
    session: Session,
    leaving: list[tuple[Attendance, datetime]],
    *,
    vacated_at: datetime,
    now: datetime,
) -> None:
    """These have left, each at its moment; when nobody remains the session has ended and the room is empty since ``vacated_at``."""
    room = rooms_store.find_room(connection, session.room_id)
    if room is None or not leaving:
        return
    for attendance, at in leaving:
        # Engine and server may read their clocks a moment apart; nobody leaves before joining.
        store.end_attendance(connection, attendance.id, max(at, attendance.joined_at))
        _tell_participant(connection, room, attendance, "session:participant:left", now)
    if store.is_anybody_inside(connection, session.id):
        return
    ended_at = store.last_leave(connection, session.id) or now
    store.end_session(connection, session.id, ended_at)
    jobs.cancel(connection, kind=GRACE_JOB, key=session.room_id)
    fields = {**_session_fields(session), "ended_at": render_timestamp(ended_at)}
    rooms.tell(connection, room, Topic.SESSIONS, "session:ended", fields, now=now)
    rooms.room_vacated(connection, room, vacated_at)


def _set_grace_timer(connection: Connection, session: Session) -> None:
    moments = [attendance.away_until for attendance in store.open_attendances(connection, session.id)]
    away = [moment for moment in moments if moment is not None]
    if away:
        jobs.schedule(connection, kind=GRACE_JOB, key=session.room_id, run_at=min(away))
    else:
        jobs.cancel(connection, kind=GRACE_JOB, key=session.room_id)


def _session_fields(session: Session) -> dict[str, str]:
    return {
        "session_id": session.id,
        "room_id": session.room_id,
        "started_at": render_timestamp(session.started_at),
    }


def _tell_participant(connection: Connection, room: Room, attendance: Attendance, name: str, now: datetime) -> None:
    fields = {
        "participant_id": attendance.participant_id,
        "session_id": attendance.session_id,
        "room_id": room.id,
        "name": attendance.name,
        "type": TYPES[attendance.role],
        "is_host": attendance.role is Role.OWNER,
    }
    rooms.tell(connection, room, Topic.SESSIONS, name, fields, now=now)

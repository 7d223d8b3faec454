"""Sessions, derived from reports of the media engine.

A session starts when the first participant joins a room in which none goes on, and ends when the
last one leaves. Reports may come twice: each (participant, connection) joins once and leaves once.

When a connection ends, the participant has left, unless another connection is expected: while the
server shuts down, and when the participant has reconnected (the old connection ends as a
duplicate). Then, and for everybody inside when the server crashed, there is a grace period:

* a participant who is back within it has never left: no callback, one attendance;
* any other has left when the connection ended; after a crash, that is the last time the server is
  known to have been alive (its heartbeat, or a later join), never later than the truth and at most
  one heartbeat earlier;
* if nobody is back, the session ended when the last one left. The room counts as empty only from
  the end of the grace period, so an instant room stays open for ten more minutes from then.
"""

from datetime import datetime, timedelta

from moothall.callbacks.events import ParticipantJoined, ParticipantLeft, SessionEnded, SessionStarted
from moothall.db import Connection
from moothall.jobs import store as jobs
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
    """Record a new connection of a participant.

    Returns False and writes nothing when the room has ended or is unknown: the participant must
    leave.
    """
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
        _tell_participant(connection, room, attendance, ParticipantJoined, now)
    else:
        # A participant has one connection: the new one replaces any other.
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
    """Record the end of a participant's connection.

    ``returning``: another one is expected. Unknown and replaced connections change nothing.
    """
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
    """Record that the engine closed the room at ``at``: all who connected before have left."""
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
    """Start the grace period of everybody in an open session, after a start of the server.

    Returns the number of participants.
    """
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
    """Run the job ``session_grace``: participants not back by now have left."""
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


def dismiss(connection: Connection, room_id: str, now: datetime) -> bool:
    """End the session for everybody: participants who were expected back have left.

    The people who are connected leave when the media engine reports so. Returns False when there
    is no session.
    """
    session = _lock(connection, room_id)
    if session is None:
        return False
    store.dismiss_session(connection, session.id, now)
    away = [
        (attendance, attendance.away_since)
        for attendance in store.open_attendances(connection, session.id)
        if attendance.away_since is not None
    ]
    _end_attendances(connection, session, away, vacated_at=now, now=now)
    return True


def remove_all(connection: Connection, application_id: str, now: datetime) -> None:
    """Delete the sessions of an application, without callbacks.

    The people inside are billed until now, those who were expected back until they went.
    """
    for room_id in [session.room_id for session in store.open_sessions_of(connection, application_id)]:
        session = _lock(connection, room_id)
        if session is not None:
            for attendance in store.open_attendances(connection, session.id):
                store.end_attendance(connection, session, attendance, attendance.away_since or now)
    store.delete_sessions_of(connection, application_id)


def heartbeat(connection: Connection, now: datetime) -> None:
    """Record that the server is alive, every ``HEARTBEAT``, for ``recover``."""
    store.save_heartbeat(connection, now)


def list_sessions(connection: Connection, room_id: str, *, offset: int = 0, limit: int = 20) -> list[Session]:
    """Return the sessions of a room, newest first."""
    return store.list_sessions(connection, room_id, offset=offset, limit=limit)


def list_participants(
    connection: Connection, session_id: str, *, offset: int = 0, limit: int = 250
) -> list[Attendance]:
    """Return the attendance of a session, in order of joining."""
    return store.list_attendances(connection, session_id, offset=offset, limit=limit)


def _lock(connection: Connection, room_id: str) -> Session | None:
    """Return the current session, locked.

    A room is always locked before its session, so that transactions cannot deadlock.
    """
    rooms_store.lock_room(connection, room_id)
    return store.lock_open_session(connection, room_id)


def _start(connection: Connection, room: Room, at: datetime, now: datetime) -> Session:
    session = Session(
        id=new_session_id(), room_id=room.id, application_id=room.application_id, started_at=at, ended_at=None
    )
    store.insert_session(connection, session)
    rooms.room_occupied(connection, room, now)
    started = SessionStarted(session_id=session.id, room_id=session.room_id, started_at=session.started_at)
    rooms.tell(connection, room, started, now=now)
    return session


def _end_attendances(
    connection: Connection,
    session: Session,
    leaving: list[tuple[Attendance, datetime]],
    *,
    vacated_at: datetime,
    now: datetime,
) -> None:
    """Record that these participants have left, each at its own time.

    When nobody remains, the session ends, and the room is empty since ``vacated_at``.
    """
    room = rooms_store.find_room(connection, session.room_id)
    if room is None or not leaving:
        return
    for attendance, at in leaving:
        store.end_attendance(connection, session, attendance, at)
        _tell_participant(connection, room, attendance, ParticipantLeft, now)
    if store.is_anybody_inside(connection, session.id):
        return
    ended_at = store.last_leave(connection, session.id) or now
    store.end_session(connection, session.id, ended_at)
    jobs.cancel(connection, kind=GRACE_JOB, key=session.room_id)
    ended = SessionEnded(
        session_id=session.id, room_id=session.room_id, started_at=session.started_at, ended_at=ended_at
    )
    rooms.tell(connection, room, ended, now=now)
    rooms.room_vacated(connection, room, vacated_at)


def _set_grace_timer(connection: Connection, session: Session) -> None:
    moments = [attendance.away_until for attendance in store.open_attendances(connection, session.id)]
    away = [moment for moment in moments if moment is not None]
    if away:
        jobs.schedule(connection, kind=GRACE_JOB, key=session.room_id, run_at=min(away))
    else:
        jobs.cancel(connection, kind=GRACE_JOB, key=session.room_id)


def _tell_participant(
    connection: Connection,
    room: Room,
    attendance: Attendance,
    event: type[ParticipantJoined | ParticipantLeft],
    now: datetime,
) -> None:
    payload = event(
        participant_id=attendance.participant_id,
        session_id=attendance.session_id,
        room_id=room.id,
        name=attendance.name,
        type=TYPES[attendance.role],
        is_host=attendance.role is Role.OWNER,
    )
    rooms.tell(connection, room, payload, now=now)

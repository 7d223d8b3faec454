"""Sessions, attendances and connections in the database.

A connection is a (participant, sid) that the media engine has reported. It is kept after its end,
so that duplicate reports are recognised.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from moothall.db import Prepared, Timestamp, metadata
from moothall.db.json_text import json_text
from moothall.ledger import store as ledger
from moothall.ledger.model import Kind
from moothall.rooms.store import rooms
from moothall.sessions.model import Attendance, ConnectionCheck, Findings, LiveSession, Presence, Role, Session

_Serial = BigInteger().with_variant(Integer, "sqlite")
_THE_SERVER = 1
_OPEN_SESSION = text("ended_at IS NULL")
_OPEN_ATTENDANCE = text("left_at IS NULL")

sessions = Table(
    "sessions",
    metadata,
    Column("serial", _Serial, primary_key=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("room_id", String(36), nullable=False),
    Column("application_id", String(36), nullable=False),
    Column("started_at", Timestamp, nullable=False),
    Column("ended_at", Timestamp),
    Column("dismissed_at", Timestamp),
    Index("ix_sessions_room_id_serial", "room_id", "serial"),
    Index("ix_sessions_application_id_started_at", "application_id", "started_at"),
    Index(
        "ix_sessions_open_application_id",
        "application_id",
        sqlite_where=_OPEN_SESSION,
        postgresql_where=_OPEN_SESSION,
    ),
    # A room has one session at a time.
    Index("uq_sessions_open", "room_id", unique=True, sqlite_where=_OPEN_SESSION, postgresql_where=_OPEN_SESSION),
)

attendances = Table(
    "attendances",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("participant_id", String(64), nullable=False),
    Column("name", String(256), nullable=False),
    Column("role", String(16), nullable=False),
    Column("joined_at", Timestamp, nullable=False),
    Column("left_at", Timestamp),
    Column("away_since", Timestamp),
    Column("away_until", Timestamp),
    # A ConnectionCheck as JSON.
    Column("connection_check", Text),
    Index("ix_attendances_session_id_id", "session_id", "id"),
    # A participant has at most one open stay in a session.
    Index(
        "uq_attendances_open",
        "session_id",
        "participant_id",
        unique=True,
        sqlite_where=_OPEN_ATTENDANCE,
        postgresql_where=_OPEN_ATTENDANCE,
    ),
)

session_connections = Table(
    "session_connections",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("attendance_id", ForeignKey("attendances.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("participant_id", String(64), nullable=False),
    Column("sid", String(64), nullable=False),
    Column("connected_at", Timestamp, nullable=False),
    Column("disconnected_at", Timestamp),
    UniqueConstraint("participant_id", "sid"),
)

server_heartbeat = Table(
    "server_heartbeat",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("alive_at", Timestamp, nullable=False),
)

# The statements of joins and leaves, built once, because building takes longer than running them.
_OPEN_LOCKED = Prepared(
    select(sessions).where(sessions.c.room_id == bindparam("in_room"), sessions.c.ended_at.is_(None)).with_for_update()
)
_INSERT_ATTENDANCE = Prepared(
    insert(attendances).returning(*attendances.c), ["session_id", "participant_id", "name", "role", "joined_at"]
)
_OPEN_ATTENDANCE_OF = Prepared(
    select(attendances).where(
        attendances.c.session_id == bindparam("in_session"),
        attendances.c.participant_id == bindparam("of_participant"),
        attendances.c.left_at.is_(None),
    )
)
_CONNECTED = Prepared(
    select(attendances)
    .join(sessions, sessions.c.id == attendances.c.session_id)
    .where(
        sessions.c.room_id == bindparam("in_room"),
        sessions.c.ended_at.is_(None),
        attendances.c.participant_id == bindparam("of_participant"),
        attendances.c.left_at.is_(None),
        attendances.c.away_since.is_(None),
    )
)
_CONNECTION = Prepared(
    select(session_connections.c.id).where(
        session_connections.c.participant_id == bindparam("of_participant"),
        session_connections.c.sid == bindparam("of_sid"),
    )
)
_LAST_CLOSED = Prepared(
    select(func.max(sessions.c.serial).label("serial")).where(
        sessions.c.room_id == bindparam("in_room"),
        or_(sessions.c.ended_at.is_not(None), sessions.c.dismissed_at.is_not(None)),
    )
)
_PEOPLE_INSIDE = Prepared(
    select(attendances)
    .join(sessions, sessions.c.id == attendances.c.session_id)
    .where(
        sessions.c.room_id == bindparam("in_room"),
        sessions.c.ended_at.is_(None),
        attendances.c.left_at.is_(None),
        attendances.c.away_since.is_(None),
    )
    .order_by(attendances.c.id)
)


def _stays(*conditions: ColumnElement[bool]) -> Select[int]:
    """Count the attendances of the session of the query around it."""
    return select(func.count()).select_from(attendances).where(attendances.c.session_id == sessions.c.id, *conditions)


_OF_PARTICIPANT = attendances.c.participant_id == bindparam("of_participant")
_IS_OPEN = attendances.c.left_at.is_(None)
_IS_CONNECTED = attendances.c.away_since.is_(None)
_PRESENCE = Prepared(
    select(
        sessions.c.dismissed_at,
        _stays(_OF_PARTICIPANT).scalar_subquery().label("stays"),
        _stays(_OF_PARTICIPANT, _IS_OPEN).scalar_subquery().label("open_stays"),
        _stays(_OF_PARTICIPANT, _IS_OPEN, _IS_CONNECTED).scalar_subquery().label("connected_stays"),
        _stays(~_OF_PARTICIPANT, _IS_OPEN).scalar_subquery().label("others"),
        _stays(attendances.c.role == Role.OWNER.value, _IS_OPEN, _IS_CONNECTED).scalar_subquery().label("owners"),
    ).where(sessions.c.room_id == bindparam("in_room"), sessions.c.ended_at.is_(None))
)
_INSERT_CONNECTION = Prepared(insert(session_connections), ["attendance_id", "participant_id", "sid", "connected_at"])


def insert_session(connection: Connection, session: Session) -> None:
    connection.execute(
        insert(sessions).values(
            id=session.id,
            room_id=session.room_id,
            application_id=session.application_id,
            started_at=session.started_at,
            ended_at=session.ended_at,
        )
    )


def end_session(connection: Connection, session_id: str, at: datetime) -> None:
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(ended_at=at))


def dismiss_session(connection: Connection, session_id: str, at: datetime) -> None:
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(dismissed_at=at))


def last_closed_serial(connection: Connection, room_id: str) -> int:
    """The newest session of the room that has ended or was dismissed; 0 for none."""
    return _LAST_CLOSED.row(connection, {"in_room": room_id}).serial or 0


def find_presence(connection: Connection, room_id: str, participant_id: str) -> Presence:
    """Return the presence of this participant in the room's current session."""
    row = _PRESENCE.row(connection, {"in_room": room_id, "of_participant": participant_id})
    return Presence() if row is None else Presence(**row._asdict())


def find_role(connection: Connection, room_id: str, participant_id: str) -> Role | None:
    """The role of a participant in the session that goes on in the room.

    None for somebody who was never inside.
    """
    statement = (
        select(attendances.c.role)
        .join(sessions, sessions.c.id == attendances.c.session_id)
        .where(
            sessions.c.room_id == room_id,
            sessions.c.ended_at.is_(None),
            attendances.c.participant_id == participant_id,
        )
        .order_by(attendances.c.id.desc())
    )
    role = connection.execute(statement.limit(1)).scalar_one_or_none()
    return None if role is None else Role(role)


def people_inside(connection: Connection, room_id: str) -> list[Attendance]:
    """The people who are connected to the room now, in the order of joining."""
    return [_attendance(row) for row in _PEOPLE_INSIDE.rows(connection, {"in_room": room_id})]


def lock_open_session(connection: Connection, room_id: str) -> Session | None:
    """Return the current session of the room, locked until the transaction ends."""
    row = _OPEN_LOCKED.row(connection, {"in_room": room_id})
    return None if row is None else _session(row)


def find_session(connection: Connection, session_id: str) -> Session | None:
    row = connection.execute(select(sessions).where(sessions.c.id == session_id)).one_or_none()
    return None if row is None else _session(row)


def rooms_in_session(connection: Connection) -> list[str]:
    """Return the ids of the rooms whose session has not ended."""
    statement = select(sessions.c.room_id).where(sessions.c.ended_at.is_(None)).order_by(sessions.c.serial)
    return list(connection.execute(statement).scalars())


def open_sessions_of(connection: Connection, application_id: str) -> list[Session]:
    """Return the sessions of an application that have not ended."""
    statement = select(sessions).where(sessions.c.application_id == application_id, sessions.c.ended_at.is_(None))
    return [_session(row) for row in connection.execute(statement.order_by(sessions.c.serial))]


def live_sessions(connection: Connection, application_id: str, *, after: int, limit: int) -> list[LiveSession]:
    """Return sessions that go on, with serials above ``after``, in the order of their start."""
    connected = (
        select(func.count())
        .where(
            attendances.c.session_id == sessions.c.id,
            attendances.c.left_at.is_(None),
            attendances.c.away_since.is_(None),
        )
        .scalar_subquery()
    )
    statement = (
        select(sessions, rooms.c.display_name, connected.label("participants"))
        .join(rooms, rooms.c.id == sessions.c.room_id)
        .where(sessions.c.application_id == application_id, sessions.c.ended_at.is_(None), sessions.c.serial > after)
        .order_by(sessions.c.serial)
        .limit(limit)
    )
    return [LiveSession(_session(row), row.display_name, row.participants) for row in connection.execute(statement)]


def list_sessions(connection: Connection, room_id: str, *, offset: int, limit: int) -> list[Session]:
    """Return the sessions of a room, newest first."""
    statement = select(sessions).where(sessions.c.room_id == room_id).order_by(sessions.c.serial.desc())
    return [_session(row) for row in connection.execute(statement.offset(offset).limit(limit))]


def sessions_from(connection: Connection, room_id: str, *, start: int, end: int, limit: int) -> list[Session]:
    """Return sessions of the room with ``start <= serial < end`` in order of start."""
    statement = select(sessions).where(
        sessions.c.room_id == room_id, sessions.c.serial >= start, sessions.c.serial < end
    )
    return [_session(row) for row in connection.execute(statement.order_by(sessions.c.serial).limit(limit))]


def newest_sessions(
    connection: Connection, application_id: str, *, room_id: str | None, after: int, limit: int
) -> list[Session]:
    """Return sessions of an application, the newest first.

    ``after``: the serial of the session before them in this order; 0 begins with the newest.
    """
    statement = select(sessions).where(sessions.c.application_id == application_id)
    if room_id is not None:
        statement = statement.where(sessions.c.room_id == room_id)
    if after > 0:
        previous = select(sessions.c.started_at).where(
            sessions.c.serial == after, sessions.c.application_id == application_id
        )
        start = previous.scalar_subquery()
        statement = statement.where(
            or_(sessions.c.started_at < start, (sessions.c.started_at == start) & (sessions.c.serial < after))
        )
    ordered = statement.order_by(sessions.c.started_at.desc(), sessions.c.serial.desc())
    return [_session(row) for row in connection.execute(ordered.limit(limit))]


def session_serials_before(connection: Connection, room_id: str, serial: int, *, limit: int) -> list[int]:
    """Return the nearest serials below this one, in descending order."""
    statement = select(sessions.c.serial).where(sessions.c.room_id == room_id, sessions.c.serial < serial)
    return list(connection.execute(statement.order_by(sessions.c.serial.desc()).limit(limit)).scalars())


def count_sessions(connection: Connection, room_id: str) -> int:
    statement = select(func.count()).select_from(sessions).where(sessions.c.room_id == room_id)
    return connection.execute(statement).scalar_one()


def find_open_session(connection: Connection, room_id: str) -> Session | None:
    statement = select(sessions).where(sessions.c.room_id == room_id, sessions.c.ended_at.is_(None))
    row = connection.execute(statement).one_or_none()
    return None if row is None else _session(row)


def delete_sessions_of(connection: Connection, application_id: str) -> None:
    """Delete all sessions of an application, with their attendance."""
    connection.execute(delete(sessions).where(sessions.c.application_id == application_id))


def insert_attendance(
    connection: Connection, *, session_id: str, participant_id: str, name: str, role: Role, joined_at: datetime
) -> Attendance:
    values = {
        "session_id": session_id,
        "participant_id": participant_id,
        "name": name,
        "role": role.value,
        "joined_at": joined_at,
    }
    return _attendance(_INSERT_ATTENDANCE.row(connection, values))


def change_role(connection: Connection, attendance_id: int, role: Role) -> None:
    connection.execute(update(attendances).where(attendances.c.id == attendance_id).values(role=role.value))


def resume_attendance(connection: Connection, attendance_id: int, name: str) -> None:
    """Record that the participant is back, perhaps under a new name."""
    connection.execute(
        update(attendances).where(attendances.c.id == attendance_id).values(name=name, away_since=None, away_until=None)
    )


def suspend_attendance(connection: Connection, attendance_id: int, *, since: datetime, until: datetime) -> None:
    """Record that the participant has no connection and is expected back."""
    connection.execute(
        update(attendances).where(attendances.c.id == attendance_id).values(away_since=since, away_until=until)
    )


def end_attendance(connection: Connection, session: Session, attendance: Attendance, at: datetime) -> None:
    """End an open stay and write its time to the ledger.

    Clocks of engine and server differ slightly; nobody leaves before joining.
    """
    left_at = max(at, attendance.joined_at)
    ledger.post(
        connection,
        kind=Kind.PARTICIPANT,
        application_id=session.application_id,
        room_id=session.room_id,
        session_id=session.id,
        source=str(attendance.id),
        start=attendance.joined_at,
        end=left_at,
    )
    connection.execute(
        update(attendances)
        .where(attendances.c.id == attendance.id, attendances.c.left_at.is_(None))
        .values(left_at=left_at, away_since=None, away_until=None)
    )


def find_open_attendance(connection: Connection, session_id: str, participant_id: str) -> Attendance | None:
    row = _OPEN_ATTENDANCE_OF.row(connection, {"in_session": session_id, "of_participant": participant_id})
    return None if row is None else _attendance(row)


def find_connected_attendance(connection: Connection, room_id: str, participant_id: str) -> Attendance | None:
    """The stay of somebody who is connected to the room now."""
    row = _CONNECTED.row(connection, {"in_room": room_id, "of_participant": participant_id})
    return None if row is None else _attendance(row)


def save_connection_check(connection: Connection, room_id: str, participant_id: str, check: ConnectionCheck) -> bool:
    """Keep it with the stay of somebody who is connected. False when they are not."""
    stay = find_connected_attendance(connection, room_id, participant_id)
    if stay is None:
        return False
    values = {"connection_check": json_text(asdict(check))}
    connection.execute(update(attendances).where(attendances.c.id == stay.id).values(values))
    return True


def last_left_at(connection: Connection, session_id: str, participant_id: str) -> datetime | None:
    """When this participant left the session; None for somebody inside, or never seen there."""
    statement = select(attendances.c.left_at).where(
        attendances.c.session_id == session_id, attendances.c.participant_id == participant_id
    )
    found: datetime | None = connection.execute(statement.order_by(attendances.c.id.desc()).limit(1)).scalar()
    return found


def open_attendances(connection: Connection, session_id: str) -> list[Attendance]:
    """Return them in order of joining."""
    statement = select(attendances).where(attendances.c.session_id == session_id, attendances.c.left_at.is_(None))
    return [_attendance(row) for row in connection.execute(statement.order_by(attendances.c.id))]


def is_anybody_inside(connection: Connection, session_id: str) -> bool:
    """Return whether an attendance is open."""
    statement = select(attendances.c.id).where(attendances.c.session_id == session_id, attendances.c.left_at.is_(None))
    return connection.execute(statement.limit(1)).first() is not None


def has_attended(connection: Connection, session_id: str, participant_id: str) -> bool:
    statement = select(attendances.c.id).where(
        attendances.c.session_id == session_id, attendances.c.participant_id == participant_id
    )
    return connection.execute(statement.limit(1)).one_or_none() is not None


def last_leave(connection: Connection, session_id: str) -> datetime | None:
    statement = select(func.max(attendances.c.left_at, type_=Timestamp)).where(attendances.c.session_id == session_id)
    latest: datetime | None = connection.execute(statement).scalar_one()
    return latest


def list_attendances(connection: Connection, session_id: str, *, offset: int, limit: int) -> list[Attendance]:
    """Return all stays in the session, past and present, in order of joining."""
    statement = select(attendances).where(attendances.c.session_id == session_id).order_by(attendances.c.id)
    return [_attendance(row) for row in connection.execute(statement.offset(offset).limit(limit))]


def attendances_from(connection: Connection, session_id: str, *, start: int, end: int, limit: int) -> list[Attendance]:
    """Return stays with ``start <= id < end`` in order of joining."""
    statement = select(attendances).where(
        attendances.c.session_id == session_id, attendances.c.id >= start, attendances.c.id < end
    )
    return [_attendance(row) for row in connection.execute(statement.order_by(attendances.c.id).limit(limit))]


def attendance_ids_before(connection: Connection, session_id: str, first: int, *, limit: int) -> list[int]:
    """Return the nearest ids below this one, in descending order."""
    statement = select(attendances.c.id).where(attendances.c.session_id == session_id, attendances.c.id < first)
    return list(connection.execute(statement.order_by(attendances.c.id.desc()).limit(limit)).scalars())


def count_attendances(connection: Connection, session_id: str) -> int:
    statement = select(func.count()).select_from(attendances).where(attendances.c.session_id == session_id)
    return connection.execute(statement).scalar_one()


def is_known_connection(connection: Connection, participant_id: str, sid: str) -> bool:
    return _CONNECTION.row(connection, {"of_participant": participant_id, "of_sid": sid}) is not None


def insert_connection(
    connection: Connection, *, attendance_id: int, participant_id: str, sid: str, connected_at: datetime
) -> None:
    values = {
        "attendance_id": attendance_id,
        "participant_id": participant_id,
        "sid": sid,
        "connected_at": connected_at,
    }
    _INSERT_CONNECTION.run(connection, values)


def close_connection(connection: Connection, attendance_id: int, sid: str, at: datetime) -> bool:
    """Close a connection. Returns False when the attendance has no open connection of this sid."""
    statement = (
        update(session_connections)
        .where(
            session_connections.c.attendance_id == attendance_id,
            session_connections.c.sid == sid,
            session_connections.c.disconnected_at.is_(None),
        )
        .values(disconnected_at=at)
    )
    return connection.execute(statement).rowcount == 1


def close_connections(connection: Connection, attendance_id: int, at: datetime) -> None:
    """Close all that are still open."""
    connection.execute(
        update(session_connections)
        .where(
            session_connections.c.attendance_id == attendance_id,
            session_connections.c.disconnected_at.is_(None),
        )
        .values(disconnected_at=at)
    )


def last_connected_at(connection: Connection, attendance_id: int) -> datetime | None:
    statement = select(func.max(session_connections.c.connected_at, type_=Timestamp)).where(
        session_connections.c.attendance_id == attendance_id
    )
    latest: datetime | None = connection.execute(statement).scalar_one()
    return latest


def save_heartbeat(connection: Connection, now: datetime) -> None:
    dialect_insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = dialect_insert(server_heartbeat).values(id=_THE_SERVER, alive_at=now)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"alive_at": now}))


def find_heartbeat(connection: Connection) -> datetime | None:
    statement = select(server_heartbeat.c.alive_at).where(server_heartbeat.c.id == _THE_SERVER)
    alive_at: datetime | None = connection.execute(statement).scalar_one_or_none()
    return alive_at


def _session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        room_id=row.room_id,
        application_id=row.application_id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        serial=row.serial,
        dismissed_at=row.dismissed_at,
    )


def _attendance(row: Row[Any]) -> Attendance:
    return Attendance(
        id=row.id,
        session_id=row.session_id,
        participant_id=row.participant_id,
        name=row.name,
        role=Role(row.role),
        joined_at=row.joined_at,
        left_at=row.left_at,
        away_since=row.away_since,
        away_until=row.away_until,
        connection_check=_connection_check(row.connection_check),
    )


def _connection_check(text: str | None) -> ConnectionCheck | None:
    if text is None:
        return None
    fields = orjson.loads(text)
    return ConnectionCheck(datetime.fromisoformat(fields["measured_at"]), Findings(**fields["findings"]))

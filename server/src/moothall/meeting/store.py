"""Removals: who was sent away and may not come back yet.

Admissions: who was let in by an owner or the application.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
)

from moothall.db import Prepared, Timestamp, metadata
from moothall.meeting.rules import Removals
from moothall.sessions.model import Role

removals = Table(
    "removals",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("room_id", String(36), nullable=False),
    Column("participant_id", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("until", Timestamp, nullable=False, index=True),
    UniqueConstraint("room_id", "participant_id"),
)

# ``after_session``: the serial of the newest session of the room that was over by then. Once
# another one is over, the session the admission was for has gone.
admissions = Table(
    "admissions",
    metadata,
    Column("room_id", String(36), primary_key=True),
    Column("participant_id", String(64), primary_key=True),
    Column("after_session", BigInteger, nullable=False),
    Column("until", Timestamp, nullable=False, index=True),
)

# Asked at each join.
_REMOVALS = Prepared(
    select(removals.c.participant_id, removals.c.role, removals.c.until).where(
        removals.c.room_id == bindparam("of_room"),
        or_(
            removals.c.participant_id == bindparam("of_participant"),
            and_(removals.c.role == Role.OWNER.value, removals.c.until > bindparam("now", type_=Timestamp)),
        ),
    )
)
_ADMISSION = Prepared(
    select(admissions.c.after_session).where(
        admissions.c.room_id == bindparam("of_room"),
        admissions.c.participant_id == bindparam("of_participant"),
        admissions.c.until > bindparam("now", type_=Timestamp),
    )
)


def save_removal(
    connection: Connection, room_id: str, participant_id: str, role: Role, *, until: datetime, forget_before: datetime
) -> None:
    """The participant may not be in the room before ``until``, and an admission is void.

    Forgets all removals that were over before ``forget_before``.
    """
    same = and_(removals.c.room_id == room_id, removals.c.participant_id == participant_id)
    connection.execute(delete(removals).where(or_(same, removals.c.until <= forget_before)))
    connection.execute(
        insert(removals).values(room_id=room_id, participant_id=participant_id, role=role.value, until=until)
    )
    delete_admission(connection, room_id, participant_id)


def find_removals(connection: Connection, room_id: str, participant_id: str, now: datetime) -> Removals:
    found = _REMOVALS.rows(connection, {"of_room": room_id, "of_participant": participant_id, "now": now})
    own = [row for row in found if row.participant_id == participant_id]
    return Removals(
        was_removed=bool(own),
        is_removed=any(row.until > now for row in own),
        is_owner_removed=any(row.role == Role.OWNER.value and row.until > now for row in found),
    )


def save_admission(
    connection: Connection, room_id: str, participant_id: str, *, after_session: int, now: datetime, until: datetime
) -> None:
    """Forgets all admissions that are over."""
    same = and_(admissions.c.room_id == room_id, admissions.c.participant_id == participant_id)
    connection.execute(delete(admissions).where(or_(same, admissions.c.until <= now)))
    connection.execute(
        insert(admissions).values(
            room_id=room_id, participant_id=participant_id, after_session=after_session, until=until
        )
    )


def find_admission(connection: Connection, room_id: str, participant_id: str, now: datetime) -> int | None:
    """The ``after_session`` of the admission that is in force; None without one."""
    parameters = {"of_room": room_id, "of_participant": participant_id, "now": now}
    row = _ADMISSION.row(connection, parameters)
    return None if row is None else row.after_session


def delete_admission(connection: Connection, room_id: str, participant_id: str) -> None:
    connection.execute(
        delete(admissions).where(admissions.c.room_id == room_id, admissions.c.participant_id == participant_id)
    )


def delete_admissions_to(connection: Connection, room_id: str) -> None:
    connection.execute(delete(admissions).where(admissions.c.room_id == room_id))

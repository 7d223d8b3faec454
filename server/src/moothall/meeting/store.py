"""Who was removed from which room and may not come back yet."""

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

removals = Table(
    "removals",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("room_id", String(36), nullable=False),
    Column("participant_id", String(64), nullable=False),
    Column("until", Timestamp, nullable=False, index=True),
    UniqueConstraint("room_id", "participant_id"),
)

# Asked at each join.
_IN_FORCE = Prepared(
    select(removals.c.id).where(
        removals.c.room_id == bindparam("of_room"),
        removals.c.participant_id == bindparam("of_participant"),
        removals.c.until > bindparam("now", type_=Timestamp),
    )
)


def save_removal(
    connection: Connection, room_id: str, participant_id: str, *, until: datetime, forget_before: datetime
) -> None:
    """The participant may not be in the room before ``until``. Forgets all removals that were over before ``forget_before``."""
    same = and_(removals.c.room_id == room_id, removals.c.participant_id == participant_id)
    connection.execute(delete(removals).where(or_(same, removals.c.until <= forget_before)))
    connection.execute(insert(removals).values(room_id=room_id, participant_id=participant_id, until=until))


def is_removed(connection: Connection, room_id: str, participant_id: str, now: datetime) -> bool:
    parameters = {"of_room": room_id, "of_participant": participant_id, "now": now}
    return _IN_FORCE.row(connection, parameters) is not None


def was_removed(connection: Connection, room_id: str, participant_id: str) -> bool:
    """Whether the participant was sent away, be it over or not, as long as that is not forgotten."""
    statement = select(removals.c.id).where(removals.c.room_id == room_id, removals.c.participant_id == participant_id)
    return connection.execute(statement).one_or_none() is not None

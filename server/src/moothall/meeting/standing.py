"""Reads what the database knows about a person who wants to enter a room."""

from datetime import datetime

from moothall.db import Connection
from moothall.engine import ParticipantKind
from moothall.feeds import store as feeds
from moothall.feeds.model import STATE
from moothall.meeting import rights, store
from moothall.meeting.rules import Standing
from moothall.sessions import store as sessions
from moothall.sessions.model import Role


def read_standing(
    connection: Connection,
    room_id: str,
    participant_id: str,
    role: Role,
    *,
    kind: ParticipantKind,
    is_proven: bool,
    now: datetime,
) -> Standing:
    """A few rows by key: hundreds may come at once."""
    keys = (rights.PERMISSIONS, rights.ALLOWED + participant_id, rights.LOCK)
    values = feeds.values_in(connection, room_id, STATE, keys)
    admitted_after = store.find_admission(connection, room_id, participant_id, now)
    return Standing(
        role=role,
        kind=kind,
        is_proven=is_proven,
        removals=store.find_removals(connection, room_id, participant_id, now),
        is_admitted=admitted_after is not None and admitted_after == sessions.last_closed_serial(connection, room_id),
        presence=sessions.find_presence(connection, room_id, participant_id),
        rights=rights.rights_of(role, participant_id, values),
        is_locked=rights.LOCK in values,
    )

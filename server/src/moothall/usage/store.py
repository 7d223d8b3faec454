"""Sums up the time of participants and recordings from the tables of sessions and recordings."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, case, func, select, type_coerce

from moothall.db import Prepared, Timestamp
from moothall.recordings.store import recordings
from moothall.sessions.store import attendances, sessions

_START, _END, _NOW = (bindparam(name, type_=Timestamp) for name in ("start", "end", "now"))


def _overlap(begin: Any, finish: Any) -> ColumnElement[int]:
    """Return the SQL sum of the overlaps of [begin, finish) with [start, end)."""
    later = type_coerce(case((begin > _START, begin), else_=_START), BigInteger)
    earlier = type_coerce(case((finish < _END, finish), else_=_END), BigInteger)
    return func.coalesce(func.sum(earlier - later), 0).label("milliseconds")


_LEFT_AT = func.coalesce(attendances.c.left_at, attendances.c.away_since, _NOW)
_ATTENDED = Prepared(
    select(_overlap(attendances.c.joined_at, _LEFT_AT))
    .select_from(sessions.join(attendances, attendances.c.session_id == sessions.c.id))
    .where(
        sessions.c.application_id == bindparam("application_id"),
        sessions.c.started_at < _END,
        (sessions.c.ended_at.is_(None)) | (sessions.c.ended_at > _START),
        attendances.c.joined_at < _END,
        _LEFT_AT > _START,
    )
)
_RECORDED_UNTIL = func.coalesce(recordings.c.ended_at, _NOW)
_RECORDED = Prepared(
    select(_overlap(recordings.c.started_at, _RECORDED_UNTIL)).where(
        recordings.c.application_id == bindparam("application_id"),
        recordings.c.started_at < _END,
        _RECORDED_UNTIL > _START,
    )
)


def attended_ms(connection: Connection, application_id: str, start: datetime, end: datetime, now: datetime) -> int:
    """Return the total milliseconds of participants in the application's rooms in [start, end).

    Participants who are expected back count until their connection ended, those inside until
    ``now``.
    """
    return _sum(_ATTENDED, connection, {"application_id": application_id, "start": start, "end": end, "now": now})


def recorded_ms(connection: Connection, application_id: str, start: datetime, end: datetime, now: datetime) -> int:
    """Return the total milliseconds of the application's recordings in [start, end).

    A running recording counts until ``now``.
    """
    return _sum(_RECORDED, connection, {"application_id": application_id, "start": start, "end": end, "now": now})


def _sum(statement: Prepared, connection: Connection, parameters: dict[str, Any]) -> int:
    return int(statement.row(connection, parameters).milliseconds)

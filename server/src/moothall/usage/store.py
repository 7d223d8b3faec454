"""Adds up the time that people and recordings took. Reads the tables of sessions and recordings; has none of its own."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, case, func, select, type_coerce

from moothall.db import Prepared, Timestamp
from moothall.recordings.store import recordings
from moothall.sessions.store import attendances, sessions

_START, _END, _NOW = (bindparam(name, type_=Timestamp) for name in ("start", "end", "now"))


def _overlap(begin: Any, finish: Any) -> ColumnElement[int]:
    """The sum over all rows of what of [begin, finish) lies in [start, end)."""
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
    """Milliseconds that participants of the application's rooms were inside from ``start`` to ``end``, all together.

    Who has no connection and is expected back counts until the connection ended, who is inside until ``now``.
    """
    return _sum(_ATTENDED, connection, {"application_id": application_id, "start": start, "end": end, "now": now})


def recorded_ms(connection: Connection, application_id: str, start: datetime, end: datetime, now: datetime) -> int:
    """Milliseconds of the application's recordings from ``start`` to ``end``, all together; one that goes on counts until ``now``."""
    return _sum(_RECORDED, connection, {"application_id": application_id, "start": start, "end": end, "now": now})


def _sum(statement: Prepared, connection: Connection, parameters: dict[str, Any]) -> int:
    return int(statement.row(connection, parameters).milliseconds)

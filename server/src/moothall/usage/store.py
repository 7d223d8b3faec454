"""Adds up the time that people and recordings took. Reads the tables of sessions and recordings; has none of its own."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, case, func, literal, select, type_coerce

from moothall.db import Timestamp
from moothall.recordings.store import recordings
from moothall.sessions.store import attendances, sessions


def attended_ms(connection: Connection, application_id: str, start: datetime, end: datetime, now: datetime) -> int:
    """Milliseconds that participants of the application's rooms were inside from ``start`` to ``end``, all together.

    Who has no connection and is expected back counts until the connection ended, who is inside until ``now``.
    """
    left_at = func.coalesce(attendances.c.left_at, attendances.c.away_since, literal(now, Timestamp))
    statement = (
        select(_overlap(attendances.c.joined_at, left_at, start, end))
        .select_from(sessions.join(attendances, attendances.c.session_id == sessions.c.id))
        .where(
            sessions.c.application_id == application_id,
            sessions.c.started_at < end,
            (sessions.c.ended_at.is_(None)) | (sessions.c.ended_at > start),
            attendances.c.joined_at < end,
            left_at > literal(start, Timestamp),
        )
    )
    return int(connection.execute(statement).scalar_one())


def recorded_ms(connection: Connection, application_id: str, start: datetime, end: datetime, now: datetime) -> int:
    """Milliseconds of the application's recordings from ``start`` to ``end``, all together; one that goes on counts until ``now``."""
    ended_at = func.coalesce(recordings.c.ended_at, literal(now, Timestamp))
    statement = select(_overlap(recordings.c.started_at, ended_at, start, end)).where(
        recordings.c.application_id == application_id,
        recordings.c.started_at < end,
        ended_at > literal(start, Timestamp),
    )
    return int(connection.execute(statement).scalar_one())


def _overlap(begin: Any, finish: Any, start: datetime, end: datetime) -> ColumnElement[int]:
    """The sum over all rows of what of [begin, finish) lies in [start, end)."""
    first, last = literal(start, Timestamp), literal(end, Timestamp)
    later = type_coerce(case((begin > first, begin), else_=first), BigInteger)
    earlier = type_coerce(case((finish < last, finish), else_=last), BigInteger)
    return func.coalesce(func.sum(earlier - later), 0)

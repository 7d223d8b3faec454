"""Sums of the ledger, and what goes on now and will be in it."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, exists, func, select, tuple_

from moothall.applications.store import applications
from moothall.ledger.model import Kind, Place
from moothall.ledger.store import is_after, ledger_days, ledger_entries
from moothall.recordings.store import recordings
from moothall.sessions.store import attendances, sessions
from moothall.usage.model import Group, Period, Running, Sum

_GROUPS = {Group.ROOM: ledger_entries.c.room_id, Group.SESSION: ledger_entries.c.session_id}


def sums_of_days(connection: Connection, account_id: str, first: date, end: date) -> list[Sum]:
    """Return the sums of an account from ``first`` until before ``end``, per application."""
    statement = select(ledger_days).where(
        ledger_days.c.account_id == account_id, ledger_days.c.day >= first, ledger_days.c.day < end
    )
    return [Sum(row.application_id, row.day, Kind(row.kind), row.milliseconds) for row in connection.execute(statement)]


def running_in(connection: Connection, account_id: str) -> list[Running]:
    """Return the stays and recordings of an account that have not ended."""
    stays = (
        select(sessions.c.application_id, attendances.c.joined_at, attendances.c.away_since)
        .select_from(applications)
        .join(sessions, sessions.c.application_id == applications.c.application_id)
        .join(attendances, attendances.c.session_id == sessions.c.id)
        .where(applications.c.account_id == account_id, sessions.c.ended_at.is_(None), attendances.c.left_at.is_(None))
    )
    tapes = (
        select(recordings.c.application_id, recordings.c.started_at)
        .select_from(applications)
        .join(recordings, recordings.c.application_id == applications.c.application_id)
        .where(applications.c.account_id == account_id, recordings.c.ended_at.is_(None))
    )
    return [
        *(Running(row.application_id, Kind.PARTICIPANT, row[1], row.away_since) for row in connection.execute(stays)),
        *(Running(row.application_id, Kind.RECORDING, row[1], None) for row in connection.execute(tapes)),
    ]


def first_of_group(
    connection: Connection, application_id: str, group: Group, period: Period, *, after: Place, limit: int
) -> list[tuple[str, Place]]:
    """Return rooms or sessions with entries in the period whose first one follows ``after``.

    Each comes with the place of its first entry, and they are in this order.
    """
    name = _GROUPS[group].name
    entries, earlier = ledger_entries.alias("entries"), ledger_entries.alias("earlier")
    # Naming the application here, which they all have, would lead SQLite to the wrong index.
    has_earlier = exists().where(
        earlier.c[name] == entries.c[name],
        earlier.c.day >= period.first,
        tuple_(earlier.c.day, earlier.c.id) < tuple_(entries.c.day, entries.c.id),
    )
    statement = select(entries.c[name], entries.c.day, entries.c.id).where(
        entries.c.application_id == application_id,
        entries.c.day < period.end,
        is_after(entries, period.first, after),
        ~has_earlier,
    )
    ordered = statement.order_by(entries.c.day, entries.c.id).limit(limit)
    return [(row[0], Place(row.day, row.id)) for row in connection.execute(ordered)]


def sums_of_group(
    connection: Connection, group: Group, period: Period, names: Sequence[str]
) -> list[tuple[str, str, date, Kind, int]]:
    """Return id, id of the room, day, kind and milliseconds for each of these rooms or sessions."""
    column, entries = _GROUPS[group], ledger_entries.c
    keys = (column, entries.room_id, entries.day, entries.kind)
    statement = (
        select(column, entries.room_id.label("in_room"), entries.day, entries.kind, func.sum(entries.milliseconds))
        .where(column.in_(names), entries.day >= period.first, entries.day < period.end)
        .group_by(*keys)
    )
    return [(row[0], row[1], row[2], Kind(row[3]), int(row[4])) for row in connection.execute(statement)]


def ended_by(running: Running, now: datetime) -> datetime:
    """When something that has not ended would end if it did now."""
    return max(running.started_at, min(now, running.away_since or now))

"""The ledger in the database.

Triggers of the database hold what billing depends on (migration 0007): entries are neither changed
nor deleted, the sums of days follow them, a stay or a recording ends only together with entries of
its exact length, and is deleted only after its end.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Index,
    Integer,
    Row,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from moothall.applications.store import applications
from moothall.db import Day, Prepared, Timestamp, metadata
from moothall.ledger.model import Entry, Kind, Place, parts

MAX_NOTE_LENGTH = 200
_MILLISECOND = timedelta(milliseconds=1)
_CORRECTION = "correction:"

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("account_id", String(8), nullable=False),
    # No foreign keys: an entry outlives what it is about.
    Column("application_id", String(36), nullable=False),
    Column("room_id", String(36), nullable=False),
    Column("session_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("source", String(128), nullable=False),
    Column("part", Integer, nullable=False),
    Column("day", Day, nullable=False),
    Column("started_at", Timestamp, nullable=False),
    Column("ended_at", Timestamp, nullable=False),
    Column("milliseconds", BigInteger, nullable=False),
    Column("corrects", BigInteger),
    Column("note", String(MAX_NOTE_LENGTH)),
    # An entry that is written twice counts once.
    UniqueConstraint("session_id", "kind", "source", "part"),
    Index("ix_ledger_entries_application_id_day_id", "application_id", "day", "id"),
    Index("ix_ledger_entries_room_id_day", "room_id", "day"),
)

# The sums of the entries, kept by a trigger.
ledger_days = Table(
    "ledger_days",
    metadata,
    Column("application_id", String(36), primary_key=True),
    Column("day", Day, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("account_id", String(8), nullable=False),
    Column("milliseconds", BigInteger, nullable=False),
    Index("ix_ledger_days_account_id_day", "account_id", "day"),
)


def _insert(insert: Any) -> Prepared:
    account = (
        select(applications.c.account_id)
        .where(applications.c.application_id == bindparam("application_id"))
        .scalar_subquery()
    )
    names = [column.name for column in ledger_entries.c if column.name not in ("id", "account_id")]
    types = {name: ledger_entries.c[name].type for name in names}
    values = {name: bindparam(name, type_=types[name]) for name in names}
    return Prepared(insert(ledger_entries).values(account_id=account, **values).on_conflict_do_nothing())


_INSERTS = {"sqlite": _insert(sqlite.insert), "postgresql": _insert(postgresql.insert)}


def post(
    connection: Connection,
    *,
    kind: Kind,
    application_id: str,
    room_id: str,
    session_id: str,
    source: str,
    start: datetime,
    end: datetime,
) -> None:
    """Write the entries of a stay or a recording: one for each day. Repeated, it changes nothing.

    Raises ValueError for an end before the start.
    """
    if end < start:
        raise ValueError("nothing ends before its start")
    for number, part in enumerate(parts(start, end)):
        written = _write(
            connection,
            application_id=application_id,
            room_id=room_id,
            session_id=session_id,
            kind=kind.value,
            source=source,
            part=number,
            day=part.day,
            started_at=part.started_at,
            ended_at=part.ended_at,
            milliseconds=(part.ended_at - part.started_at) // _MILLISECOND,
        )
        if not written:
            return


def correct(connection: Connection, entry: Entry, *, milliseconds: int, key: str, note: str, now: datetime) -> bool:
    """Write a correction of ``entry``, which counts on the day of ``now``.

    Returns False when a correction of the same session and kind has this key already.
    """
    return _write(
        connection,
        application_id=entry.application_id,
        room_id=entry.room_id,
        session_id=entry.session_id,
        kind=entry.kind.value,
        source=_CORRECTION + key,
        day=now.date(),
        started_at=now,
        ended_at=now,
        milliseconds=milliseconds,
        corrects=entry.id,
        note=note,
    )


def find_entry(connection: Connection, entry_id: int) -> Entry | None:
    row = connection.execute(select(ledger_entries).where(ledger_entries.c.id == entry_id)).one_or_none()
    return None if row is None else _entry(row)


def find_correction(connection: Connection, session_id: str, kind: Kind, key: str) -> Entry | None:
    """Return the correction with this key."""
    statement = select(ledger_entries).where(
        ledger_entries.c.session_id == session_id,
        ledger_entries.c.kind == kind.value,
        ledger_entries.c.source == _CORRECTION + key,
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else _entry(row)


def entries_of_session(connection: Connection, session_id: str) -> list[Entry]:
    """Return the entries of a session in the order in which they were written."""
    statement = select(ledger_entries).where(ledger_entries.c.session_id == session_id)
    return [_entry(row) for row in connection.execute(statement.order_by(ledger_entries.c.id))]


def entries_after(
    connection: Connection, application_id: str, first: date, end: date, *, after: Place, limit: int
) -> list[Entry]:
    """Return entries of these days after a place: by day, those of a day in order of writing."""
    entries = ledger_entries.c
    statement = select(ledger_entries).where(
        entries.application_id == application_id, entries.day < end, is_after(ledger_entries, first, after)
    )
    return [_entry(row) for row in connection.execute(statement.order_by(entries.day, entries.id).limit(limit))]


def is_after(entries: FromClause, first: date, after: Place) -> ColumnElement[bool]:
    """Return the condition that an entry is not before ``first`` and follows ``after``."""
    day, number = max(after, Place(first, 0))
    return tuple_(entries.c.day, entries.c.id) > tuple_(literal(day, Day), literal(number, BigInteger))


def wrong_days(connection: Connection) -> Sequence[tuple[str, date, Kind]]:
    """Compare every sum with its entries; return those that differ. Reads the whole ledger."""
    keys = ("application_id", "day", "kind")
    entries = select(
        *(ledger_entries.c[key] for key in keys), func.sum(ledger_entries.c.milliseconds).label("milliseconds")
    ).group_by(*(ledger_entries.c[key] for key in keys))
    sums = select(*(ledger_days.c[key] for key in keys), ledger_days.c.milliseconds)
    found = {tuple(row[:3]): int(row[3]) for row in connection.execute(entries)}
    kept = {tuple(row[:3]): int(row[3]) for row in connection.execute(sums)}
    wrong = {key for key in found.keys() | kept.keys() if found.get(key) != kept.get(key)}
    return [(application_id, day, Kind(kind)) for application_id, day, kind in sorted(wrong)]


def _write(connection: Connection, **values: Any) -> bool:
    """Return False when it is there already."""
    given = {"part": 0, "corrects": None, "note": None} | values
    return _INSERTS[connection.dialect.name].run(connection, given) == 1


def _entry(row: Row[Any]) -> Entry:
    values = row._asdict()
    del values["part"]
    return Entry(**values | {"kind": Kind(row.kind)})

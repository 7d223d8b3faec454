"""Feeds in the database. They go with their session."""

from collections.abc import Sequence
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
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from moothall.db import Prepared, metadata
from moothall.db.json_text import json_text
from moothall.feeds.model import Change, Entry, FeedFull, Head, Limits
from moothall.sessions.store import attendances, sessions

feeds = Table(
    "feeds",
    metadata,
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("key_count", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
)

feed_entries = Table(
    "feed_entries",
    metadata,
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("feed", String(80), primary_key=True),
    Column("key", String(160), primary_key=True),
    Column("number", BigInteger, nullable=False),
    # JSON; NULL once the key has no value any more.
    Column("value", Text),
    Column("participant_id", String(64)),
    Index("ix_feed_entries_session_id_feed_number", "session_id", "feed", "number", unique=True),
)

# Asked at each join.
_VALUES = Prepared(
    select(feed_entries.c.key, feed_entries.c.value)
    .join(sessions, sessions.c.id == feed_entries.c.session_id)
    .where(
        sessions.c.room_id == bindparam("in_room"),
        sessions.c.ended_at.is_(None),
        feed_entries.c.feed == bindparam("of_feed"),
        feed_entries.c.key.in_([bindparam("first_key"), bindparam("second_key"), bindparam("third_key")]),
        feed_entries.c.value.is_not(None),
    )
)


def find_head(connection: Connection, session_id: str, feed: str) -> Head:
    statement = select(feeds.c.number, feeds.c.generation, feeds.c.key_count, feeds.c.size)
    row = connection.execute(statement.where(*_is_feed(session_id, feed))).one_or_none()
    return Head() if row is None else Head(*row)


def take_number(connection: Connection, session_id: str, feed: str) -> Head:
    """Count one change of a feed that is kept elsewhere; the session is locked."""
    head = find_head(connection, session_id, feed)
    return _save_head(connection, session_id, feed, head, Head(head.number + 1, head.generation, head.keys, head.size))


def write(
    connection: Connection, session_id: str, feed: str, changes: Sequence[Change], limits: Limits
) -> tuple[Head, Sequence[Entry]]:
    """Write what is really a change, each under its own number; the session is locked.

    Raises FeedFull, and then the transaction must not be committed.
    """
    head = before = find_head(connection, session_id, feed)
    changes = list({change.key: change for change in changes}.values())
    known = _rows(connection, session_id, feed, [change.key for change in changes])
    written: list[Entry] = []
    for change in changes:
        row = known.get(change.key)
        text = None if change.value is None else json_text(change.value)
        if (None if row is None else row.value) == text:
            continue
        size = 0 if text is None else len(text.encode())
        if row is None and head.keys >= limits.keys:
            head = _forget_empty(connection, session_id, feed, head)
            known = _rows(connection, session_id, feed, [change.key for change in changes])
        grown = head.size + size - (0 if row is None or row.value is None else len(row.value.encode()))
        head = Head(head.number + 1, head.generation, head.keys + (row is None), grown)
        if size > limits.value_size or head.keys > limits.keys or head.size > limits.size:
            raise FeedFull
        entry = Entry(head.number, change.key, change.value, change.participant_id)
        _save_entry(connection, session_id, feed, entry, text, is_new=row is None)
        written.append(entry)
    return (_save_head(connection, session_id, feed, before, head) if written else head), written


def find_entries(
    connection: Connection, session_id: str, feed: str, *, prefix: str = "", keys: Sequence[str] | None = None
) -> dict[str, Entry]:
    """Return the entries with a value by key: those that begin with ``prefix``, or are ``keys``."""
    begins = feed_entries.c.key.startswith(prefix, autoescape=True)
    chosen = begins if keys is None else feed_entries.c.key.in_(keys)
    statement = select(feed_entries).where(*_is_entry_of(session_id, feed), chosen, feed_entries.c.value.is_not(None))
    return {row.key: _entry(row) for row in connection.execute(statement.order_by(feed_entries.c.number))}


def entries_after(connection: Connection, session_id: str, feed: str, number: int, *, limit: int) -> Sequence[Entry]:
    """Return the entries changed after ``number``, in the order of their numbers."""
    statement = select(feed_entries).where(*_is_entry_of(session_id, feed), feed_entries.c.number > number)
    return [_entry(row) for row in connection.execute(statement.order_by(feed_entries.c.number).limit(limit))]


def values_in(connection: Connection, room_id: str, feed: str, keys: tuple[str, str, str]) -> dict[str, Any]:
    """Return the values of these keys in the room's present session, where they have one."""
    first, second, third = keys
    parameters = {"in_room": room_id, "of_feed": feed, "first_key": first, "second_key": second, "third_key": third}
    return {row.key: orjson.loads(row.value) for row in _VALUES.rows(connection, parameters)}


def had_value(connection: Connection, room_id: str, feed: str, key: str) -> bool:
    """Whether the key has or had a value in the room's present session."""
    statement = (
        select(feed_entries.c.key)
        .join(sessions, sessions.c.id == feed_entries.c.session_id)
        .where(
            sessions.c.room_id == room_id,
            sessions.c.ended_at.is_(None),
            feed_entries.c.feed == feed,
            feed_entries.c.key == key,
        )
    )
    return connection.execute(statement).first() is not None


def entries_of_absent(connection: Connection, session_id: str) -> list[tuple[str, Entry]]:
    """Return entries, with their feeds, that go with a participant who is no longer there."""
    is_inside = (
        select(attendances.c.id)
        .where(
            attendances.c.session_id == session_id,
            attendances.c.participant_id == feed_entries.c.participant_id,
            attendances.c.left_at.is_(None),
        )
        .exists()
    )
    statement = select(feed_entries).where(
        feed_entries.c.session_id == session_id,
        feed_entries.c.participant_id.is_not(None),
        feed_entries.c.value.is_not(None),
        ~is_inside,
    )
    return [(row.feed, _entry(row)) for row in connection.execute(statement.order_by(feed_entries.c.number))]


def has_feeds_of_ended(connection: Connection, room_id: str) -> bool:
    return connection.execute(_ended_feeds(room_id).limit(1)).first() is not None


def delete_feeds_of_ended(connection: Connection, room_id: str) -> None:
    """Forget the feeds of the room's sessions that are over."""
    found = list(connection.execute(_ended_feeds(room_id).distinct()).scalars())
    if found:
        connection.execute(delete(feed_entries).where(feed_entries.c.session_id.in_(found)))
        connection.execute(delete(feeds).where(feeds.c.session_id.in_(found)))


def _ended_feeds(room_id: str) -> Select[str]:
    return (
        select(feeds.c.session_id)
        .join(sessions, sessions.c.id == feeds.c.session_id)
        .where(sessions.c.room_id == room_id, sessions.c.ended_at.is_not(None))
    )


def _is_feed(session_id: str, feed: str) -> tuple[ColumnElement[bool], ...]:
    return feeds.c.session_id == session_id, feeds.c.name == feed


def _is_entry_of(session_id: str, feed: str) -> tuple[ColumnElement[bool], ...]:
    return feed_entries.c.session_id == session_id, feed_entries.c.feed == feed


def _rows(connection: Connection, session_id: str, feed: str, keys: Sequence[str]) -> dict[str, Row[Any]]:
    statement = select(feed_entries).where(*_is_entry_of(session_id, feed), feed_entries.c.key.in_(keys))
    return {row.key: row for row in connection.execute(statement)}


def _forget_empty(connection: Connection, session_id: str, feed: str, head: Head) -> Head:
    """Drop the keys without a value."""
    connection.execute(delete(feed_entries).where(*_is_entry_of(session_id, feed), feed_entries.c.value.is_(None)))
    count = select(func.count()).select_from(feed_entries).where(*_is_entry_of(session_id, feed))
    left = connection.execute(count).scalar_one()
    forgot = left < head.keys
    return Head(head.number, head.generation + forgot, left, head.size)


def _save_entry(
    connection: Connection, session_id: str, feed: str, entry: Entry, text: str | None, *, is_new: bool
) -> None:
    values = {"number": entry.number, "value": text, "participant_id": entry.participant_id}
    if is_new:
        key = {"session_id": session_id, "feed": feed, "key": entry.key}
        connection.execute(insert(feed_entries).values(**key, **values))
    else:
        same = (*_is_entry_of(session_id, feed), feed_entries.c.key == entry.key)
        connection.execute(update(feed_entries).where(*same).values(**values))


def _save_head(connection: Connection, session_id: str, feed: str, before: Head, head: Head) -> Head:
    values = {"number": head.number, "generation": head.generation, "key_count": head.keys, "size": head.size}
    if before.number:
        connection.execute(update(feeds).where(*_is_feed(session_id, feed)).values(**values))
    else:
        connection.execute(insert(feeds).values(session_id=session_id, name=feed, **values))
    return head


def _entry(row: Row[Any]) -> Entry:
    value = None if row.value is None else orjson.loads(row.value)
    return Entry(row.number, row.key, value, row.participant_id)

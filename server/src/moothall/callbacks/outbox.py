"""The outbox: events and the state of their delivery.

An event gets two numbers in the transaction that writes it: ``sequence`` counts the events of its
room and is sent to the receiver, ``position`` counts those of its application and orders the log.
Both come from a row that the transaction locks until it commits, so they have no gaps, and a reader
who sees a number sees every lower one.

Order: at one receiver (scheme, host and port) the callbacks of a room go out one at a time, the
lowest sequence first. One that has been failing for 30 minutes no longer holds back later ones; nor
do later ones that fail in turn, because they inherit the time at which the room's failures at that
receiver began.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from moothall.applications import store as applications
from moothall.callbacks.events import Addresses
from moothall.callbacks.guard import AddressForbidden, parse_callback_url
from moothall.callbacks.model import Delivery, DeliveryStatus, Event
from moothall.callbacks.schedule import HOLDS_ROOM_FOR
from moothall.callbacks.signing import Signer
from moothall.db import Prepared, Timestamp, metadata
from moothall.kit.ids import new_uuid

_log = structlog.get_logger("moothall.callbacks")
_ERROR_LIMIT = 200
_Serial = BigInteger().with_variant(Integer, "sqlite")

event_counters = Table(
    "event_counters",
    metadata,
    Column("scope", String(80), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("application_id", String(36), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("room_id", String(36), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("topic", String(32), nullable=False),
    Column("name", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("metadata", Text),
    Column("created_at", Timestamp, nullable=False),
    UniqueConstraint("application_id", "position"),
    UniqueConstraint("room_id", "sequence"),
    Index(None, "created_at"),
)

# Literals, so that the query planner can match them with a partial index.
_PENDING = text("status = 'pending'")
_PENDING_VALUE: ColumnElement[str] = literal_column("'pending'")

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("event_id", ForeignKey(events.c.id, ondelete="CASCADE"), nullable=False),
    Column("application_id", String(36), nullable=False),
    Column("room_id", String(36), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("url", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Timestamp, nullable=False),
    Column("lease_until", Timestamp),
    Column("version", Integer, nullable=False),
    Column("failing_since", Timestamp),
    Column("last_attempt_at", Timestamp),
    Column("last_status", Integer),
    Column("last_error", String(_ERROR_LIMIT)),
    Column("created_at", Timestamp, nullable=False),
    Index(None, "event_id"),
    Index("ix_deliveries_application_id_id", "application_id", "id"),
    Index("ix_deliveries_due", "next_attempt_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("ix_deliveries_queue", "room_id", "receiver", "sequence", sqlite_where=_PENDING, postgresql_where=_PENDING),
)


_WRITTEN_OF_DELIVERY = (
    "event_id",
    "application_id",
    "room_id",
    "sequence",
    "url",
    "receiver",
    "status",
    "attempts",
    "next_attempt_at",
    "version",
    "created_at",
)


def remove_all(connection: Connection, application_id: str) -> None:
    """Delete the events of an application, with their deliveries and counters."""
    its_rooms = select(literal("room:") + events.c.room_id).where(events.c.application_id == application_id)
    its_own = event_counters.c.scope == f"application:{application_id}"
    connection.execute(delete(event_counters).where(or_(its_own, event_counters.c.scope.in_(its_rooms))))
    connection.execute(delete(events).where(events.c.application_id == application_id))


def record(connection: Connection, happened: Event) -> int:
    """Write the event and, if it has a URL, its delivery. Returns its sequence number in the room.

    Call it after locking the rows that the change itself touches: this locks a counter shared by
    all rooms of the application.
    """
    position = _count(connection, f"application:{happened.application_id}")
    sequence = _count(connection, f"room:{happened.room_id}")
    event_id = f"msg_{new_uuid()}"
    body = {"event": happened.name, **happened.payload, "sequence": sequence}
    _INSERT_EVENT.run(
        connection,
        {
            "id": event_id,
            "application_id": happened.application_id,
            "position": position,
            "room_id": happened.room_id,
            "sequence": sequence,
            "topic": happened.topic.value,
            "name": happened.name,
            "body": json.dumps(body, separators=(",", ":")),
            "metadata": happened.metadata,
            "created_at": happened.at,
        },
    )
    url = happened.url or _webhook(connection, happened)
    receiver = None if url is None else _receiver(url, happened)
    if receiver is not None:
        _INSERT_DELIVERY.run(
            connection,
            {
                "event_id": event_id,
                "application_id": happened.application_id,
                "room_id": happened.room_id,
                "sequence": sequence,
                "url": url,
                "receiver": receiver,
                "status": DeliveryStatus.PENDING.value,
                "attempts": 0,
                "next_attempt_at": happened.at,
                "version": 1,
                "created_at": happened.at,
            },
        )
    return sequence


def claim(
    connection: Connection,
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
    per_receiver: int,
    under_way: Mapping[str, int],
) -> list[Delivery]:
    """Claim up to ``limit`` due deliveries, the most overdue first, until the lease expires.

    No receiver gets more than ``per_receiver``, including those already in progress
    (``under_way``).
    """
    counts = dict(under_way)
    claimed: list[Delivery] = []
    while len(claimed) < limit:
        full = [receiver for receiver, count in counts.items() if count >= per_receiver]
        rows = _due(connection, now=now, limit=limit - len(claimed), excluding=full)
        taken = []
        rooms = set()
        for row in rows:
            room = (row.room_id, row.receiver)
            if room not in rooms and counts.get(row.receiver, 0) < per_receiver:
                rooms.add(room)
                counts[row.receiver] = counts.get(row.receiver, 0) + 1
                taken.append(row)
        if taken:
            _lease(connection, [row.id for row in taken], now + lease)
            claimed += [_delivery(row) for row in taken]
        # The next round excludes deliveries to full receivers and those held back by the rows just
        # leased.
        if len(taken) == len(rows):
            break
    return claimed


def finish(
    connection: Connection,
    done: Delivery,
    status: DeliveryStatus,
    *,
    now: datetime,
    answer: int | None,
    error: str | None,
) -> None:
    """Record the end of a delivery.

    410 also ends the application's other pending deliveries to the same URL.
    """
    values = {
        "status": status.value,
        "lease_until": None,
        "last_attempt_at": now,
        "last_status": answer,
        "last_error": _short(error),
    }
    changed = connection.execute(update(deliveries).where(_still(done)).values(values)).rowcount
    if changed and status is DeliveryStatus.STOPPED:
        connection.execute(
            update(deliveries)
            .where(
                deliveries.c.status == _PENDING_VALUE,
                deliveries.c.application_id == done.application_id,
                deliveries.c.url == done.url,
            )
            .values(status=DeliveryStatus.STOPPED.value, lease_until=None, version=deliveries.c.version + 1)
        )


def retry(
    connection: Connection, failed: Delivery, *, now: datetime, at: datetime, answer: int | None, error: str | None
) -> None:
    """Record a failed attempt; the next one is due at ``at``."""
    values = {
        "next_attempt_at": at,
        "lease_until": None,
        "last_attempt_at": now,
        "last_status": answer,
        "last_error": _short(error),
        "failing_since": failed.failing_since or _failing_since(connection, failed) or now,
    }
    connection.execute(update(deliveries).where(_still(failed)).values(values))


def release_leases(connection: Connection) -> int:
    """Release deliveries that were in progress when the process was killed.

    Only for a database that no other process uses.
    """
    statement = update(deliveries).where(deliveries.c.status == _PENDING_VALUE, deliveries.c.lease_until.is_not(None))
    return connection.execute(statement.values(lease_until=None, version=deliveries.c.version + 1)).rowcount


def find_signers(connection: Connection, application_ids: Collection[str], now: datetime) -> dict[str, Signer]:
    """Return the signers of these applications; deleted applications are missing."""
    signers = {}
    for application_id in sorted(set(application_ids)):
        application = applications.find_application(connection, application_id)
        account = None if application is None else applications.find_account(connection, application.account_id)
        if account is not None:
            signers[application_id] = Signer(application_id, account.account_id, account.signature_secrets(now))
    return signers


def _webhook(connection: Connection, happened: Event) -> str | None:
    application = applications.find_application(connection, happened.application_id)
    if application is None:
        return None
    webhooks = application.webhooks
    return Addresses(webhooks.rooms_url, webhooks.sessions_url, webhooks.recordings_url).of(happened.topic)


def due_statement(excluding: Sequence[str] = ()) -> Select[Any]:
    """Select due rows that no earlier row of their room holds back, locked on PostgreSQL.

    Parameters: ``now``, ``holding_since`` (rows that have been failing since before then hold
    nothing back) and ``most`` rows.
    """
    now: BindParameter[datetime] = bindparam("now", type_=Timestamp)
    ahead = deliveries.alias("ahead")
    held_back = (
        select(1)
        .where(
            ahead.c.status == _PENDING_VALUE,
            ahead.c.room_id == deliveries.c.room_id,
            ahead.c.receiver == deliveries.c.receiver,
            ahead.c.id != deliveries.c.id,
            or_(
                ahead.c.lease_until > now,
                and_(
                    ahead.c.sequence < deliveries.c.sequence,
                    or_(
                        ahead.c.failing_since.is_(None),
                        ahead.c.failing_since > bindparam("holding_since", type_=Timestamp),
                    ),
                ),
            ),
        )
        .exists()
    )
    statement = (
        select(deliveries, events.c.body, events.c.metadata)
        .join(events, events.c.id == deliveries.c.event_id)
        .where(
            deliveries.c.status == _PENDING_VALUE,
            deliveries.c.next_attempt_at <= now,
            or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now),
            ~held_back,
        )
        .order_by(deliveries.c.next_attempt_at, deliveries.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(of=deliveries, skip_locked=True)
    )
    return statement.where(deliveries.c.receiver.not_in(excluding)) if excluding else statement


def _count_statement(dialect_insert: Any) -> Any:
    return (
        dialect_insert(event_counters)
        .values(scope=bindparam("counted_scope"), last=1)
        .on_conflict_do_update(index_elements=["scope"], set_={"last": event_counters.c.last + 1})
        .returning(event_counters.c.last)
    )


# Built once, because building a statement takes longer than running it.
_COUNT = {
    "sqlite": Prepared(_count_statement(sqlite.insert)),
    "postgresql": Prepared(_count_statement(postgresql.insert)),
}
_INSERT_EVENT = Prepared(insert(events), [column.name for column in events.c])
_INSERT_DELIVERY = Prepared(insert(deliveries), _WRITTEN_OF_DELIVERY)
_DUE = Prepared(due_statement())


def _due(connection: Connection, *, now: datetime, limit: int, excluding: Sequence[str]) -> Sequence[Any]:
    parameters = {"now": now, "holding_since": now - HOLDS_ROOM_FOR, "most": limit}
    if excluding:
        return connection.execute(due_statement(excluding), parameters).all()
    return _DUE.rows(connection, parameters)


def _lease(connection: Connection, ids: list[int], until: datetime) -> None:
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(ids))
        .values(lease_until=until, attempts=deliveries.c.attempts + 1, version=deliveries.c.version + 1)
    )


def _failing_since(connection: Connection, failed: Delivery) -> datetime | None:
    earliest: datetime | None = connection.execute(
        select(func.min(deliveries.c.failing_since, type_=Timestamp)).where(
            deliveries.c.status == _PENDING_VALUE,
            deliveries.c.room_id == failed.room_id,
            deliveries.c.receiver == failed.receiver,
            deliveries.c.sequence < failed.sequence,
        )
    ).scalar_one()
    return earliest


def _count(connection: Connection, scope: str) -> int:
    row = _COUNT[connection.dialect.name].row(connection, {"counted_scope": scope})
    return int(row.last)


def _receiver(url: str, happened: Event) -> str | None:
    """Return the receiver, or None and log it for an invalid URL.

    The API rejects invalid URLs, so only an old row can have one.
    """
    try:
        return parse_callback_url(url).receiver
    except AddressForbidden as error:
        _log.warning(
            "callback_not_sent", application_id=happened.application_id, room_id=happened.room_id, reason=str(error)
        )
        return None


def _still(claimed: Delivery) -> ColumnElement[bool]:
    return and_(deliveries.c.id == claimed.id, deliveries.c.version == claimed.version)


def _short(error: str | None) -> str | None:
    return None if error is None else error[:_ERROR_LIMIT]


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row.id,
        event_id=row.event_id,
        application_id=row.application_id,
        room_id=row.room_id,
        sequence=row.sequence,
        url=row.url,
        receiver=row.receiver,
        body=row.body.encode(),
        metadata=row.metadata,
        attempts=row.attempts + 1,
        failing_since=row.failing_since,
        version=row.version + 1,
    )

"""Events and deliveries as applications read them, redelivery, and deletion of old events."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from moothall.callbacks.model import Attempt, DeliveryStatus, LoggedDelivery, LoggedEvent
from moothall.callbacks.outbox import deliveries, events
from moothall.db import Timestamp, metadata

_ERROR_LIMIT = 200
_Serial = BigInteger().with_variant(Integer, "sqlite")

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("delivery_id", ForeignKey(deliveries.c.id, ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Timestamp, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("status", Integer),
    Column("error", String(_ERROR_LIMIT)),
    Column("excerpt", Text),
    UniqueConstraint("delivery_id", "number"),
)

_LOGGED = select(deliveries, events.c.name.label("event")).join(events, events.c.id == deliveries.c.event_id)


def insert_attempt(
    connection: Connection,
    delivery_id: int,
    *,
    at: datetime,
    duration_ms: int,
    status: int | None,
    error: str | None,
    excerpt: str | None,
) -> None:
    """Add an attempt to a delivery. Writes nothing if the delivery has been deleted meanwhile."""
    tried = select(func.coalesce(func.max(delivery_attempts.c.number), 0) + 1).where(
        delivery_attempts.c.delivery_id == delivery_id
    )
    values = {
        "number": tried.scalar_subquery(),
        "at": literal(at, Timestamp),
        "duration_ms": literal(duration_ms, BigInteger),
        "status": literal(status, Integer),
        "error": literal(None if error is None else error[:_ERROR_LIMIT], String),
        "excerpt": literal(excerpt, Text),
    }
    row = select(deliveries.c.id, *values.values()).where(deliveries.c.id == delivery_id)
    connection.execute(insert(delivery_attempts).from_select(["delivery_id", *values], row))


def list_events(connection: Connection, application_id: str, *, after: int, limit: int) -> list[LoggedEvent]:
    """Return the application's events after this position, in order."""
    statement = select(events).where(events.c.application_id == application_id, events.c.position > after)
    return [
        LoggedEvent(row.id, row.position, row.room_id, row.created_at, json.loads(row.body))
        for row in connection.execute(statement.order_by(events.c.position).limit(limit))
    ]


def list_deliveries(
    connection: Connection,
    application_id: str,
    *,
    room_id: str | None,
    status: DeliveryStatus | None,
    event: str | None,
    newest_first: bool,
    after: int,
    limit: int,
) -> list[LoggedDelivery]:
    """Return the application's deliveries in order of creation, or the newest first.

    ``after``: the id of the delivery before them in this order; 0 begins with the first.
    """
    statement = _LOGGED.where(deliveries.c.application_id == application_id)
    if not newest_first:
        statement = statement.where(deliveries.c.id > after)
    elif after > 0:
        statement = statement.where(deliveries.c.id < after)
    if room_id is not None:
        statement = statement.where(deliveries.c.room_id == room_id)
    if status is not None:
        statement = statement.where(deliveries.c.status == status.value)
    if event is not None:
        statement = statement.where(events.c.name == event)
    order = deliveries.c.id.desc() if newest_first else deliveries.c.id
    return [_delivery(row) for row in connection.execute(statement.order_by(order).limit(limit))]


def find_delivery(connection: Connection, application_id: str, delivery_id: int) -> LoggedDelivery | None:
    statement = _LOGGED.where(deliveries.c.application_id == application_id, deliveries.c.id == delivery_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _delivery(row)


def find_body(connection: Connection, event_id: str) -> dict[str, Any]:
    """Return the body of the callbacks of an event that has deliveries."""
    body: dict[str, Any] = json.loads(
        connection.execute(select(events.c.body).where(events.c.id == event_id)).scalar_one()
    )
    return body


def list_attempts(connection: Connection, delivery_id: int, *, limit: int) -> list[Attempt]:
    """Return the newest attempts, in order."""
    statement = select(delivery_attempts).where(delivery_attempts.c.delivery_id == delivery_id)
    rows = connection.execute(statement.order_by(delivery_attempts.c.number.desc()).limit(limit)).all()
    return [Attempt(row.number, row.at, row.duration_ms, row.status, row.error, row.excerpt) for row in reversed(rows)]


def redeliver(connection: Connection, application_id: str, delivery_id: int, now: datetime) -> bool:
    """Make it due now with the full schedule. Returns False while an attempt is in progress."""
    return bool(_make_due(connection, application_id, deliveries.c.id == delivery_id, now))


def count_ended_between(connection: Connection, application_id: str, start: datetime, end: datetime) -> int:
    """Select deliveries of events in this period that are not pending."""
    chosen = and_(
        deliveries.c.application_id == application_id, _ended(), _happened_between(application_id, start, end)
    )
    return connection.execute(select(func.count()).select_from(deliveries).where(chosen)).scalar_one()


def redeliver_between(
    connection: Connection, application_id: str, start: datetime, end: datetime, now: datetime
) -> int:
    """Redeliver the deliveries of this period that are not pending. Returns their number."""
    chosen = and_(_ended(), _happened_between(application_id, start, end))
    return _make_due(connection, application_id, chosen, now)


def redeliver_events(connection: Connection, application_id: str, event_ids: Sequence[str], now: datetime) -> int:
    """Redeliver the deliveries of these events that are not pending. Returns their number."""
    return _make_due(connection, application_id, and_(_ended(), deliveries.c.event_id.in_(event_ids)), now)


def delete_events_before(connection: Connection, moment: datetime, limit: int) -> int:
    """Delete older events, with deliveries and attempts, except those with a pending delivery.

    Returns the number of deleted events.
    """
    pending = select(deliveries.c.id).where(
        deliveries.c.event_id == events.c.id, deliveries.c.status == DeliveryStatus.PENDING.value
    )
    old = select(events.c.id).where(events.c.created_at < moment, ~pending.exists())
    statement = delete(events).where(events.c.id.in_(old.order_by(events.c.created_at).limit(limit)))
    return connection.execute(statement).rowcount


def _make_due(connection: Connection, application_id: str, chosen: ColumnElement[bool], now: datetime) -> int:
    statement = (
        update(deliveries)
        .where(
            deliveries.c.application_id == application_id,
            chosen,
            or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now),
        )
        .values(
            status=DeliveryStatus.PENDING.value,
            attempts=0,
            next_attempt_at=now,
            lease_until=None,
            failing_since=None,
            version=deliveries.c.version + 1,
        )
    )
    return connection.execute(statement).rowcount


def _ended() -> ColumnElement[bool]:
    return deliveries.c.status != DeliveryStatus.PENDING.value


def _happened_between(application_id: str, start: datetime, end: datetime) -> ColumnElement[bool]:
    happened: Select[Any] = select(events.c.id).where(
        events.c.application_id == application_id, events.c.created_at >= start, events.c.created_at < end
    )
    return deliveries.c.event_id.in_(happened)


def _delivery(row: Row[Any]) -> LoggedDelivery:
    status = DeliveryStatus(row.status)
    return LoggedDelivery(
        id=row.id,
        event_id=row.event_id,
        event=row.event,
        room_id=row.room_id,
        sequence=row.sequence,
        url=row.url,
        status=status,
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at if status is DeliveryStatus.PENDING else None,
        last_attempt_at=row.last_attempt_at,
        last_status=row.last_status,
        last_error=row.last_error,
    )

"""The delivery log in the database, on both engines."""

from datetime import timedelta

import pytest
from support.clock import START
from support.places import make_application

from moothall.applications.model import Application
from moothall.callbacks import outbox, service, store
from moothall.callbacks.model import DeliveryStatus, Event, Topic
from moothall.db import Connection, Database

LEASE = timedelta(seconds=30)


@pytest.fixture
async def application(any_database: Database) -> Application:
    return await make_application(any_database, START)


def _record(connection: Connection, application: Application, count: int) -> None:
    for _ in range(count):
        event = Event(
            application.application_id, "room-1", Topic.ROOMS, "room:expired", {}, "http://alice.example/", None, START
        )
        outbox.record(connection, event)


def _finish_one(connection: Connection) -> int:
    (claimed,) = outbox.claim(connection, now=START, lease=LEASE, limit=1, per_receiver=4, under_way={})
    store.insert_attempt(connection, claimed.id, at=START, duration_ms=12, status=200, error=None, excerpt="fine")
    outbox.finish(connection, claimed, DeliveryStatus.DELIVERED, now=START, answer=200, error=None)
    return claimed.id


async def test_attempts_are_numbered_and_go_with_their_event(any_database: Database, application: Application) -> None:
    await any_database.write(lambda connection: _record(connection, application, 2))
    first = await any_database.write(_finish_one)
    await any_database.write(
        lambda connection: store.insert_attempt(
            connection, first, at=START, duration_ms=3, status=None, error="e" * 500, excerpt=None
        )
    )

    attempts = await any_database.read(lambda connection: store.list_attempts(connection, first, limit=10))
    assert [(one.number, one.status, one.excerpt) for one in attempts] == [(1, 200, "fine"), (2, None, None)]
    assert attempts[1].error == "e" * 200

    later = START + timedelta(seconds=1)
    assert await any_database.write(lambda c: store.delete_events_before(c, START, limit=10)) == 0
    assert await any_database.write(lambda c: store.delete_events_before(c, later, limit=10)) == 1
    assert await any_database.read(lambda c: store.list_attempts(c, first, limit=10)) == []
    # The other delivery is pending: its event stays until it has ended.
    left = await any_database.read(lambda c: store.list_events(c, application.application_id, after=0, limit=10))
    assert [event.position for event in left] == [2]


async def test_an_attempt_of_a_deleted_delivery_is_dropped(any_database: Database) -> None:
    await any_database.write(
        lambda connection: store.insert_attempt(
            connection, 4711, at=START, duration_ms=0, status=200, error=None, excerpt=None
        )
    )

    assert await any_database.read(lambda connection: store.list_attempts(connection, 4711, limit=10)) == []


async def test_what_is_under_way_is_not_sent_twice_at_once(any_database: Database, application: Application) -> None:
    await any_database.write(lambda connection: _record(connection, application, 1))
    (claimed,) = await any_database.write(
        lambda c: outbox.claim(c, now=START, lease=LEASE, limit=1, per_receiver=4, under_way={})
    )

    moved = await any_database.write(lambda c: store.redeliver(c, application.application_id, claimed.id, START))
    later = await any_database.write(
        lambda c: store.redeliver(c, application.application_id, claimed.id, START + LEASE)
    )

    assert (moved, later) == (False, True)


async def test_a_range_moves_only_what_has_ended(any_database: Database, application: Application) -> None:
    await any_database.write(lambda connection: _record(connection, application, 2))
    await any_database.write(_finish_one)

    moved = await any_database.write(
        lambda c: service.redeliver_between(c, application.application_id, START, START + LEASE, START)
    )

    assert moved == 1

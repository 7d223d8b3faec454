import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import sqlite
from support.clock import START
from support.places import make_application

from moothall.applications.model import Application, Webhooks
from moothall.callbacks import outbox
from moothall.callbacks.model import Delivery, DeliveryStatus, Event, Topic
from moothall.callbacks.schedule import HOLDS_ROOM_FOR
from moothall.db import Connection, Database

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def application(any_database: Database) -> Application:
    return await make_application(any_database, START)


def _event(application: Application, room: str = "room-1", url: str | None = "http://alice.example/in") -> Event:
    return Event(
        application_id=application.application_id,
        room_id=room,
        topic=Topic.SESSIONS,
        name="session:started",
        payload={"session_id": "2_MX4", "room_id": room},
        url=url,
        metadata=None,
        at=START,
    )


async def _record(database: Database, *events: Event) -> list[int]:
    return await database.write(lambda connection: [outbox.record(connection, event) for event in events])


async def _claim(
    database: Database, *, after: timedelta = timedelta(), limit: int = 32, per_receiver: int = 4, busy: int = 0
) -> list[Delivery]:
    return await database.write(
        partial(
            outbox.claim,
            now=START + after,
            lease=LEASE,
            limit=limit,
            per_receiver=per_receiver,
            under_way={"http://alice.example": busy},
        )
    )


async def _finish(database: Database, delivery: Delivery, status: DeliveryStatus = DeliveryStatus.DELIVERED) -> None:
    await database.write(
        lambda connection: outbox.finish(connection, delivery, status, now=START, answer=200, error=None)
    )


async def _fail(database: Database, delivery: Delivery, *, at: timedelta, again: timedelta) -> None:
    await database.write(
        lambda connection: outbox.retry(connection, delivery, now=START + at, at=START + again, answer=500, error=None)
    )


async def _statuses(database: Database) -> list[tuple[str, int, str]]:
    statement = select(outbox.deliveries.c.room_id, outbox.deliveries.c.sequence, outbox.deliveries.c.status)
    ordered = statement.order_by(outbox.deliveries.c.room_id, outbox.deliveries.c.sequence)
    return await database.read(lambda connection: [tuple(row) for row in connection.execute(ordered)])


async def test_the_body_is_the_event_with_its_sequence(any_database: Database, application: Application) -> None:
    await _record(any_database, _event(application))

    (delivery,) = await _claim(any_database)

    assert json.loads(delivery.body) == {
        "event": "session:started",
        "session_id": "2_MX4",
        "room_id": "room-1",
        "sequence": 1,
    }
    assert (delivery.url, delivery.receiver) == ("http://alice.example/in", "http://alice.example")
    assert delivery.event_id.startswith("msg_")


async def test_each_room_counts_for_itself_and_the_application_counts_all(
    any_database: Database, application: Application
) -> None:
    first, second = _event(application, "room-1"), _event(application, "room-2")

    assert await _record(any_database, first, second, first, second) == [1, 1, 2, 2]

    positions = select(outbox.events.c.position).order_by(outbox.events.c.position)
    assert await any_database.read(lambda c: list(c.execute(positions).scalars())) == [1, 2, 3, 4]


async def test_concurrent_transactions_leave_no_gap(any_database: Database, application: Application) -> None:
    await asyncio.gather(*(_record(any_database, _event(application)) for _ in range(20)))

    numbers = select(outbox.events.c.sequence, outbox.events.c.position).order_by(outbox.events.c.sequence)
    found = await any_database.read(lambda c: [tuple(row) for row in c.execute(numbers)])
    assert found == [(number, number) for number in range(1, 21)]


async def test_a_rolled_back_transaction_leaves_neither_event_nor_gap(
    any_database: Database, application: Application
) -> None:
    def record_and_fail(connection: Connection) -> None:
        outbox.record(connection, _event(application))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await any_database.write(record_and_fail)

    assert await _claim(any_database) == []
    assert await _record(any_database, _event(application)) == [1]


@pytest.mark.parametrize("topic", list(Topic))
async def test_without_a_url_of_the_room_the_webhook_of_the_topic_is_called(
    any_database: Database, topic: Topic
) -> None:
    urls = {
        Topic.ROOMS: "http://a.example/rooms",
        Topic.SESSIONS: "http://a.example/sessions",
        Topic.RECORDINGS: "http://a.example/recordings",
    }
    webhooks = Webhooks(urls[Topic.ROOMS], urls[Topic.SESSIONS], urls[Topic.RECORDINGS])
    application = await make_application(any_database, START, webhooks)

    await _record(any_database, replace(_event(application, url=None), topic=topic))

    (delivery,) = await _claim(any_database)
    assert delivery.url == urls[topic]


async def test_an_event_without_any_url_is_kept_and_not_delivered(
    any_database: Database, application: Application
) -> None:
    await _record(any_database, _event(application, url=None))

    assert await _claim(any_database) == []
    assert await any_database.read(lambda c: len(c.execute(select(outbox.events)).all())) == 1


async def test_a_room_has_one_callback_under_way_at_a_receiver(
    any_database: Database, application: Application
) -> None:
    await _record(any_database, *(_event(application) for _ in range(3)))

    (first,) = await _claim(any_database)
    assert await _claim(any_database) == []
    await _finish(any_database, first)
    (second,) = await _claim(any_database)

    assert (first.sequence, second.sequence) == (1, 2)


async def test_a_failing_callback_holds_back_its_room_for_half_an_hour(
    any_database: Database, application: Application
) -> None:
    await _record(any_database, *(_event(application) for _ in range(3)))
    (first,) = await _claim(any_database)
    await _fail(any_database, first, at=timedelta(), again=timedelta(hours=2))

    assert await _claim(any_database, after=timedelta(minutes=30) - SECOND) == []
    (second,) = await _claim(any_database, after=timedelta(minutes=30))

    assert second.sequence == 2


async def test_once_a_room_has_been_failing_for_half_an_hour_each_callback_fails_for_itself(
    any_database: Database, application: Application
) -> None:
    """The second one's failure does not start another half hour for the third."""
    half_an_hour = timedelta(minutes=30)
    await _record(any_database, *(_event(application) for _ in range(3)))
    (first,) = await _claim(any_database)
    await _fail(any_database, first, at=timedelta(), again=timedelta(hours=2))
    (second,) = await _claim(any_database, after=half_an_hour)
    await _fail(any_database, second, at=half_an_hour, again=timedelta(hours=2))

    (third,) = await _claim(any_database, after=half_an_hour)

    assert third.sequence == 3


async def test_late_callbacks_of_a_room_are_still_under_way_one_at_a_time(
    any_database: Database, application: Application
) -> None:
    await _record(any_database, *(_event(application) for _ in range(4)))
    (first,) = await _claim(any_database)
    await _fail(any_database, first, at=timedelta(), again=timedelta(hours=2))

    claimed = await _claim(any_database, after=timedelta(hours=3))

    assert [delivery.sequence for delivery in claimed] == [2]


async def test_a_room_is_not_held_back_at_another_receiver(any_database: Database, application: Application) -> None:
    dead, alive = _event(application), _event(application, url="http://bob.example/")
    await _record(any_database, dead, alive)

    claimed = await _claim(any_database)

    assert [delivery.sequence for delivery in claimed] == [1, 2]


async def test_urls_of_one_receiver_share_the_order_of_the_room(
    any_database: Database, application: Application
) -> None:
    await _record(any_database, _event(application), _event(application, url="http://alice.example/other"))

    assert [delivery.sequence for delivery in await _claim(any_database)] == [1]


async def test_no_receiver_takes_more_than_its_share(any_database: Database, application: Application) -> None:
    """Thirty rooms wait for alice; bob's one callback, which came last, does not wait for them."""
    await _record(any_database, *(_event(application, f"room-{number}") for number in range(30)))
    await _record(any_database, _event(application, "room-of-bob", "http://bob.example/"))

    claimed = await _claim(any_database, limit=8)

    assert [delivery.receiver for delivery in claimed] == ["http://alice.example"] * 4 + ["http://bob.example"]
    assert await _claim(any_database, limit=8, busy=4) == []


async def test_callbacks_under_way_count_for_the_share(any_database: Database, application: Application) -> None:
    await _record(any_database, *(_event(application, f"room-{number}") for number in range(30)))

    assert len(await _claim(any_database, busy=3)) == 1


async def test_gone_stops_what_waits_for_the_same_url_only(any_database: Database, application: Application) -> None:
    await _record(
        any_database,
        _event(application, "room-1"),
        _event(application, "room-1"),
        _event(application, "room-2"),
        _event(application, "room-3", "http://alice.example/other"),
    )
    first = (await _claim(any_database, limit=1))[0]

    await _finish(any_database, first, DeliveryStatus.STOPPED)

    assert await _statuses(any_database) == [
        ("room-1", 1, "stopped"),
        ("room-1", 2, "stopped"),
        ("room-2", 1, "stopped"),
        ("room-3", 1, "pending"),
    ]


async def test_gone_does_not_stop_another_applications_callbacks(
    any_database: Database, application: Application
) -> None:
    neighbour = await make_application(any_database, START)
    await _record(any_database, _event(application, "room-1"), _event(neighbour, "room-2"))
    (first, _second) = await _claim(any_database)

    await _finish(any_database, first, DeliveryStatus.STOPPED)

    assert await _statuses(any_database) == [("room-1", 1, "stopped"), ("room-2", 1, "pending")]


async def test_a_worker_that_lost_its_lease_changes_nothing(any_database: Database, application: Application) -> None:
    await _record(any_database, _event(application))
    (slow,) = await _claim(any_database)
    (other,) = await _claim(any_database, after=LEASE)

    await _finish(any_database, slow, DeliveryStatus.FAILED)
    await _fail(any_database, slow, at=LEASE, again=timedelta(days=1))

    assert await _statuses(any_database) == [("room-1", 1, "pending")]
    assert (slow.attempts, other.attempts, slow.event_id) == (1, 2, other.event_id)


async def test_released_leases_make_callbacks_due_at_once(any_database: Database, application: Application) -> None:
    await _record(any_database, _event(application))
    await _claim(any_database)

    assert await any_database.write(outbox.release_leases) == 1

    assert [delivery.sequence for delivery in await _claim(any_database)] == [1]


async def test_only_one_of_many_claimers_gets_a_callback(any_database: Database, application: Application) -> None:
    await _record(
        any_database, *(_event(application, f"room-{number}", f"http://r{number}.example/") for number in range(20))
    )

    claims = await asyncio.gather(*(_claim(any_database, limit=5) for _ in range(8)))

    ids = [delivery.id for claim in claims for delivery in claim]
    ids += [delivery.id for delivery in await _claim(any_database)]
    assert len(ids) == len(set(ids)) == 20


async def test_the_signer_is_the_account_of_the_application(any_database: Database, application: Application) -> None:
    signers = await any_database.read(
        lambda connection: outbox.find_signers(connection, [application.application_id, "deleted"], START)
    )

    assert list(signers) == [application.application_id]
    signer = signers[application.application_id]
    assert signer.api_key == application.account_id
    assert len(signer.secrets) == 1


async def test_claiming_uses_the_index_of_what_is_undelivered(database: Database) -> None:
    """Without it, claiming would slow down with every callback that was ever delivered."""
    statement = outbox.due_statement(excluding=["http://alice.example"])
    given = statement.params(now=START, holding_since=START - HOLDS_ROOM_FOR, most=32)
    text = given.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})

    plan = await database.read(
        lambda connection: [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    )

    assert any("ix_deliveries_due" in step for step in plan)
    assert any("ix_deliveries_queue" in step for step in plan)
    assert not any(step.startswith("SCAN") for step in plan)

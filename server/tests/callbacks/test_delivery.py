import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import select
from support.clock import FakeClock
from support.places import make_application
from support.receiver import Answer, Received, Receiver, hang, raw, receiver, status

from moothall.applications import store as applications
from moothall.applications.model import Account, Application
from moothall.callbacks import outbox
from moothall.callbacks.client import CallbackClient
from moothall.callbacks.delivery import CONCURRENT, PER_RECEIVER, Deliverer, encode_metadata
from moothall.callbacks.guard import HIDDEN, Permitted
from moothall.callbacks.model import Event, Topic
from moothall.db import Database

MakeDeliverer = Callable[..., Deliverer]


class NoSpread(random.Random):
    def random(self) -> float:
        return 0.0


@pytest.fixture
async def application(database: Database, clock: FakeClock) -> Application:
    return await make_application(database, clock.now())


@pytest.fixture
async def make_deliverer(database: Database, clock: FakeClock) -> AsyncIterator[MakeDeliverer]:
    """A deliverer that may call this machine and whose retries have no spread."""
    async with AsyncExitStack() as stack:

        def make(timeout_s: float = 10.0) -> Deliverer:
            client = CallbackClient(connections=CONCURRENT, permitted=Permitted(loopback=True), timeout_s=timeout_s)
            deliverer = Deliverer(database, clock, client=client, chance=NoSpread())
            stack.push_async_callback(deliverer.close)
            return deliverer

        yield make


async def _record(
    database: Database,
    clock: FakeClock,
    application: Application,
    url: str,
    *,
    room: str = "room-1",
    count: int = 1,
    metadata: str | None = None,
) -> None:
    event = Event(
        application_id=application.application_id,
        room_id=room,
        topic=Topic.SESSIONS,
        name="session:started",
        payload={"room_id": room},
        url=url,
        metadata=metadata,
        at=clock.now(),
    )
    await database.write(lambda connection: [outbox.record(connection, event) for _ in range(count)])


async def _row(database: Database) -> tuple[str, int, int | None, str | None]:
    """Status, attempts, last answer and last error of the only delivery."""
    columns = outbox.deliveries.c
    statement = select(columns.status, columns.attempts, columns.last_status, columns.last_error)
    return await database.read(lambda connection: tuple(connection.execute(statement).one()))


async def _next_attempt_at(database: Database) -> datetime:
    statement = select(outbox.deliveries.c.next_attempt_at)
    return await database.read(lambda connection: connection.execute(statement).scalar_one())


async def _deliver_all(deliverer: Deliverer) -> int:
    """Until nothing is due any more."""
    tries = 0
    while count := await deliverer.deliver_due():
        tries += count
    return tries


async def test_a_callback_arrives_signed_and_complete(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    await _record(database, clock, application, alice.url("/in?x=1"), metadata="customer 42")

    assert await make_deliverer().deliver_due() == 1

    (request,) = alice.received
    account: Account | None = await database.read(lambda c: applications.find_account(c, application.account_id))
    assert account is not None
    token = request.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, OctKey.import_key(account.signature_secret), algorithms=["HS256"]).claims
    assert request.path == "/in?x=1"
    assert request.event == {"event": "session:started", "room_id": "room-1", "sequence": 1}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-room-metadata"] == "customer 42"
    assert request.headers["webhook-id"].startswith("msg_")
    assert claims["payload_hash"] == hashlib.sha256(request.body).hexdigest()
    assert (claims["iss"], claims["api_key"]) == ("Vonage", application.account_id)
    assert await _row(database) == ("delivered", 1, 200, None)


async def test_a_room_without_metadata_sends_no_such_header(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    await _record(database, clock, application, alice.url())

    await make_deliverer().deliver_due()

    assert "x-room-metadata" not in alice.received[0].headers


async def test_the_callbacks_of_a_room_arrive_in_order(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    for room in ("room-1", "room-2", "room-3"):
        await _record(database, clock, application, alice.url(), room=room, count=10)

    assert await _deliver_all(make_deliverer()) == 30

    for room in ("room-1", "room-2", "room-3"):
        sequences = [request.event["sequence"] for request in alice.received if request.event["room_id"] == room]
        assert sequences == list(range(1, 11))


async def test_a_failing_callback_is_first_again_and_keeps_its_id_and_body(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    await _record(database, clock, application, alice.url(), count=2)
    deliverer = make_deliverer()
    alice.answer = status(500)
    assert await _deliver_all(deliverer) == 1
    alice.answer = status(204)

    clock.advance(seconds=4)
    assert await _deliver_all(deliverer) == 0
    clock.advance(seconds=1)
    assert await _deliver_all(deliverer) == 2

    failed, again, second = alice.received
    assert [request.event["sequence"] for request in (failed, again, second)] == [1, 1, 2]
    assert (failed.headers["webhook-id"], failed.body) == (again.headers["webhook-id"], again.body)
    assert failed.headers["webhook-timestamp"] != again.headers["webhook-timestamp"]
    assert failed.headers["authorization"] != again.headers["authorization"]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (status(200), ("delivered", 1, 200, None)),
        (status(299), ("delivered", 1, 299, None)),
        (status(301, "Location: http://169.254.169.254/"), ("pending", 1, 301, None)),
        (status(304), ("pending", 1, 304, None)),
        (status(404), ("pending", 1, 404, None)),
        (status(410), ("stopped", 1, 410, None)),
        (status(500), ("pending", 1, 500, None)),
        (raw(b""), ("pending", 1, None, "the answer is not HTTP")),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), ("pending", 1, None, "the answer is not HTTP")),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000), ("pending", 1, None, "the answer is not HTTP")),
        (raw(b"HTTP/1.1 204 No Content\r\nX: \xff\xfe\r\n\r\n"), ("delivered", 1, 204, None)),
        # The status is what counts: a body that never ends changes nothing.
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"a" * 200_000), ("delivered", 1, 200, None)),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense"), ("delivered", 1, 200, None)),
        (raw(b"HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nshort"), ("pending", 1, 500, None)),
    ],
)
async def test_what_follows_from_an_answer(  # noqa: PLR0917 - fixtures and a table
    database: Database,
    clock: FakeClock,
    application: Application,
    make_deliverer: MakeDeliverer,
    alice: Receiver,
    answer: Answer,
    outcome: tuple[str, int, int | None, str | None],
) -> None:
    await _record(database, clock, application, alice.url())
    alice.answer = answer

    await make_deliverer().deliver_due()

    assert await _row(database) == outcome


async def test_a_receiver_that_hangs_is_given_up_on_for_now(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    await _record(database, clock, application, alice.url())
    alice.answer = hang

    await make_deliverer(timeout_s=0.05).deliver_due()

    assert await _row(database) == ("pending", 1, None, "no answer within 0.05 s")


async def test_a_receiver_that_trickles_cannot_stretch_the_deadline(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    async def trickle(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.transport.is_closing():
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0)

    await _record(database, clock, application, alice.url())
    alice.answer = trickle

    await make_deliverer(timeout_s=0.2).deliver_due()

    state, attempts, answered, _error = await _row(database)
    assert (state, attempts, answered) == ("pending", 1, None)


async def test_a_receiver_nobody_listens_at_is_tried_again(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer
) -> None:
    async with receiver() as gone:
        url = gone.url()
    await _record(database, clock, application, url)

    await make_deliverer().deliver_due()

    assert await _row(database) == ("pending", 1, None, "the connection was refused")


async def test_without_the_development_setting_this_machine_is_not_called(
    database: Database, clock: FakeClock, application: Application, alice: Receiver
) -> None:
    await _record(database, clock, application, alice.url())
    deliverer = Deliverer(database, clock)

    await deliverer.deliver_due()
    await deliverer.close()

    assert alice.connections == 0
    assert await _row(database) == ("pending", 1, None, HIDDEN)


async def test_a_receiver_that_asks_for_a_pause_gets_it(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    await _record(database, clock, application, alice.url())
    deliverer = make_deliverer()
    alice.answer = status(503, "Retry-After: 60")
    await deliverer.deliver_due()

    clock.advance(seconds=59)
    assert await deliverer.deliver_due() == 0
    clock.advance(seconds=1)
    assert await deliverer.deliver_due() == 1


async def test_a_dead_receiver_is_tried_eleven_times_in_76_hours(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    await _record(database, clock, application, alice.url())
    alice.answer = status(500)
    deliverer = make_deliverer()
    start = clock.now()
    last_try = start

    while (await _row(database))[0] == "pending":
        if await deliverer.deliver_due():
            last_try = clock.now()
        clock.advance(seconds=5)

        if clock.now() - last_try > timedelta(minutes=1):
            # Skip to the next time that is due; five seconds at a time would take fifty thousand
            # steps.
            due = await _next_attempt_at(database)
            clock.advance(seconds=max(0.0, (due - clock.now()).total_seconds()))

    assert await _row(database) == ("failed", 11, 500, None)
    assert timedelta(hours=72) < last_try - start < timedelta(hours=76)


async def test_after_a_day_of_silence_everything_arrives(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    deliverer = make_deliverer()
    alice.answer = status(502)
    for hour in range(24):
        await _record(database, clock, application, alice.url(), room=f"room-{hour % 3}")
        await _deliver_all(deliverer)
        clock.advance(hours=1)
    alice.received.clear()
    alice.answer = status(200)

    for _ in range(25):
        await _deliver_all(deliverer)
        clock.advance(hours=1)

    arrived = sorted((request.event["room_id"], request.event["sequence"]) for request in alice.received)
    assert arrived == [(f"room-{room}", sequence) for room in range(3) for sequence in range(1, 9)]


async def test_gone_stops_the_rest(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    await _record(database, clock, application, alice.url(), count=5)
    alice.answer = status(410)

    assert await _deliver_all(make_deliverer()) == 1
    clock.advance(days=4)
    assert await _deliver_all(make_deliverer()) == 0

    assert len(alice.received) == 1


async def test_a_dead_receiver_does_not_delay_another(  # noqa: PLR0917 - fixtures
    database: Database,
    clock: FakeClock,
    application: Application,
    make_deliverer: MakeDeliverer,
    alice: Receiver,
    bob: Receiver,
) -> None:
    """Alice hangs with more rooms than all slots together; bob gets his while she still hangs."""
    alice.answer = hang
    for number in range(2 * CONCURRENT):
        await _record(database, clock, application, alice.url(), room=f"room-{number}")
    await _record(database, clock, application, bob.url(), room="room-of-bob", count=3)
    deliverer = make_deliverer(timeout_s=60)

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(deliverer.run())
        await bob.wait_for(3)
        await alice.wait_for(PER_RECEIVER)
        assert len(alice.received) == PER_RECEIVER
        running.cancel()

    assert [request.event["sequence"] for request in bob.received] == [1, 2, 3]


async def test_a_killed_deliverer_leaves_its_callbacks_to_the_next_one(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    await _record(database, clock, application, alice.url(), count=2)
    alice.answer = hang
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(make_deliverer(timeout_s=60).run())
        await alice.wait_for(1)
        running.cancel()
    alice.answer = status(200)

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(make_deliverer().run())
        await alice.wait_for(3)
        running.cancel()

    assert [request.event["sequence"] for request in alice.received] == [1, 1, 2]
    assert len({request.headers["webhook-id"] for request in alice.received}) == 2


async def test_waking_delivers_what_was_just_written(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    deliverer = make_deliverer()

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(deliverer.run())
        for count in range(1, 4):
            await _record(database, clock, application, alice.url())
            deliverer.wake()
            await alice.wait_for(count)
        running.cancel()


async def test_idle_connections_are_used_again(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer
) -> None:
    served = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(writer)
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async def until_hung_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(until_hung_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await _record(database, clock, application, f"http://127.0.0.1:{port}/", count=5)
    deliverer = make_deliverer()

    assert await _deliver_all(deliverer) == 5

    assert len(served) == 1
    await deliverer.close()
    server.close()
    await server.wait_closed()


async def test_a_callback_of_a_deleted_application_fails_for_good(
    database: Database, clock: FakeClock, application: Application, make_deliverer: MakeDeliverer, alice: Receiver
) -> None:
    await _record(database, clock, application, alice.url())
    delete = applications.applications.delete().where(
        applications.applications.c.application_id == application.application_id
    )
    await database.write(lambda connection: connection.execute(delete))

    await make_deliverer().deliver_due()

    assert await _row(database) == ("failed", 1, None, "the application is gone")
    assert alice.connections == 0


@given(metadata=st.text(st.characters(codec="utf-8"), max_size=500))
def test_metadata_becomes_a_header_value_and_comes_back(metadata: str) -> None:
    value = encode_metadata(metadata)

    assert unquote(value) == metadata
    assert value == value.strip(" ")
    assert all(" " <= character <= "~" for character in value)


@pytest.mark.parametrize("metadata", ["customer-42", '{"a": [1, 2]}', "a b", "x=1; y=2"])
def test_plain_metadata_is_sent_as_it_is(metadata: str) -> None:
    assert encode_metadata(metadata) == metadata


def test_metadata_cannot_add_a_header() -> None:
    assert encode_metadata("a\r\nX-Evil: 1") == "a%0D%0AX-Evil: 1"

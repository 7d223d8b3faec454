"""Reading events again, the delivery log, and asking for callbacks once more."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from support.clock import FakeClock
from support.receiver import Receiver, raw, status
from support.server import RunningServer, Tenant, running_server
from support.waiting import eventually

from moothall.applications import service as applications
from moothall.applications.keys import KeyPair
from moothall.applications.store import applications as application_table
from moothall.callbacks import outbox
from moothall.callbacks.model import Event, Topic
from moothall.kit.clock import render_timestamp

FULL = "HTTP/1.1 500 Oh\r\nContent-Type: text/plain\r\nContent-Length: 2000\r\n\r\n" + "x" * 2000


@pytest.fixture
async def server(tmp_path: Path, sqlite_template: Path, clock: FakeClock) -> AsyncIterator[RunningServer]:
    """One that may call this machine."""
    async with running_server(tmp_path, sqlite_template, clock, allow_loopback_callbacks=True) as running:
        yield running


async def _record(
    server: RunningServer, tenant: Tenant, url: str | None, *, room: str = "room-1", count: int = 1
) -> None:
    event = Event(
        application_id=tenant.application_id,
        room_id=room,
        topic=Topic.SESSIONS,
        name="session:started",
        payload={"room_id": room},
        url=url,
        metadata=None,
        at=server.clock.now(),
    )
    database = server.server.context.database
    await database.write(lambda connection: [outbox.record(connection, event) for _ in range(count)])
    server.server.callbacks.wake()


async def _deliveries(tenant: Tenant, query: str = "") -> list[dict[str, Any]]:
    response = await tenant.get(f"/callbacks/deliveries{query}")
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["_embedded"]
    return found


async def _until(server: RunningServer, tenant: Tenant, status: str, count: int) -> list[dict[str, Any]]:
    """The deliveries of this status, once there are so many that have been tried.

    The table is asked, which no rate limits.
    """
    tried = select(func.count()).where(
        outbox.deliveries.c.application_id == tenant.application_id,
        outbox.deliveries.c.status == status,
        outbox.deliveries.c.last_attempt_at.is_not(None),
    )

    async def there() -> bool:
        database = server.server.context.database
        return await database.read(lambda connection: connection.execute(tried).scalar_one()) == count

    await eventually(there)
    return await _deliveries(tenant, f"?status={status}")


async def test_events_are_read_again_from_where_one_stopped(server: RunningServer, acme: Tenant, globex: Tenant):
    await _record(server, acme, None, count=3)
    await _record(server, globex, None)

    first = (await acme.get("/events?limit=2")).json()
    second = (await acme.get(f"/events?after={first['after']}&limit=2")).json()
    third = (await acme.get(f"/events?after={second['after']}")).json()

    assert [event["position"] for event in first["_embedded"]] == [1, 2]
    assert first["_embedded"][0]["body"] == {"event": "session:started", "room_id": "room-1", "sequence": 1}
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert [event["position"] for event in second["_embedded"]] == [3]
    assert third == {"_embedded": [], "after": 3, "has_more": False}


@pytest.mark.parametrize("query", ["after=-1", "limit=0", "limit=501", "after=x"])
async def test_cursors_are_checked(acme: Tenant, query: str):
    assert (await acme.get(f"/events?{query}")).status_code == 400
    assert (await acme.get(f"/callbacks/deliveries?{query}")).status_code == 400


async def test_the_log_keeps_each_attempt_with_the_beginning_of_the_answer(
    server: RunningServer, acme: Tenant, alice: Receiver
):
    alice.answer = raw(FULL.encode())
    await _record(server, acme, alice.url("/in"))

    (failing,) = await _until(server, acme, "pending", 1)
    shown = (await acme.get(f"/callbacks/deliveries/{failing['id']}")).json()

    assert (shown["event"], shown["url"], shown["attempts"], shown["last_status"]) == (
        "session:started",
        alice.url("/in"),
        1,
        500,
    )
    assert shown["next_attempt_at"] > render_timestamp(server.clock.now())
    (attempt,) = shown["log"]
    assert (attempt["number"], attempt["status"], attempt["error"]) == (1, 500, None)
    assert attempt["excerpt"] == "x" * 1024
    assert attempt["duration_ms"] >= 0


async def test_an_attempt_without_an_answer_says_why(server: RunningServer, acme: Tenant, alice: Receiver):
    alice.answer = raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    await _record(server, acme, alice.url())

    (failing,) = await _until(server, acme, "pending", 1)
    (attempt,) = (await acme.get(f"/callbacks/deliveries/{failing['id']}")).json()["log"]

    assert (attempt["status"], attempt["excerpt"]) == (None, None)
    assert attempt["error"] == failing["last_error"] == "the answer is not HTTP"


async def test_binary_answers_are_kept_as_text(server: RunningServer, acme: Tenant, alice: Receiver):
    alice.answer = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\0\xffok")
    await _record(server, acme, alice.url())

    (done,) = await _until(server, acme, "delivered", 1)
    (attempt,) = (await acme.get(f"/callbacks/deliveries/{done['id']}")).json()["log"]

    assert attempt["excerpt"] == "\ufffd\ufffdok"


async def test_deliveries_are_narrowed_and_paged(server: RunningServer, acme: Tenant, alice: Receiver):
    await _record(server, acme, alice.url(), room="room-1", count=2)
    await _record(server, acme, alice.url(), room="room-2")
    everything = await _until(server, acme, "delivered", 3)

    assert [one["room_id"] for one in await _deliveries(acme, "?room_id=room-2")] == ["room-2"]
    assert await _deliveries(acme, "?status=failed") == []
    first = (await acme.get("/callbacks/deliveries?limit=2")).json()
    assert first["has_more"]
    assert await _deliveries(acme, f"?after={first['after']}") == everything[2:]
    assert (await acme.get("/callbacks/deliveries?status=lost")).status_code == 400
    assert await _deliveries(acme, "?event=session:started") == everything
    assert await _deliveries(acme, "?event=session:ended") == []


async def test_the_newest_deliveries_come_first_where_one_asks_for_them(
    server: RunningServer, acme: Tenant, alice: Receiver
):
    await _record(server, acme, alice.url(), count=3)
    everything = await _until(server, acme, "delivered", 3)

    first = (await acme.get("/callbacks/deliveries?newest_first=true&limit=2")).json()
    second = (await acme.get(f"/callbacks/deliveries?newest_first=true&limit=2&after={first['after']}")).json()

    assert first["_embedded"] + second["_embedded"] == everything[::-1]
    assert (first["has_more"], second["has_more"]) == (True, False)


async def test_a_delivery_shows_the_body_that_was_posted(server: RunningServer, acme: Tenant, alice: Receiver):
    await _record(server, acme, alice.url())
    (done,) = await _until(server, acme, "delivered", 1)

    shown = (await acme.get(f"/callbacks/deliveries/{done['id']}")).json()

    assert shown["body"] == alice.received[0].event


async def test_one_delivery_goes_out_once_more_under_the_same_id(server: RunningServer, acme: Tenant, alice: Receiver):
    await _record(server, acme, alice.url())
    (done,) = await _until(server, acme, "delivered", 1)

    response = await acme.post(f"/callbacks/deliveries/{done['id']}/redeliver")

    assert response.status_code == 202
    assert (response.json()["status"], response.json()["attempts"]) == ("pending", 0)
    await alice.wait_for(2)
    await _until(server, acme, "delivered", 1)
    assert len({request.headers["webhook-id"] for request in alice.received}) == 1
    log = (await acme.get(f"/callbacks/deliveries/{done['id']}")).json()["log"]
    assert [attempt["number"] for attempt in log] == [1, 2]


async def test_a_range_goes_out_once_more(server: RunningServer, acme: Tenant, alice: Receiver):
    await _record(server, acme, alice.url())
    await _until(server, acme, "delivered", 1)
    server.clock.advance(hours=1)
    start = server.clock.now()
    await _record(server, acme, alice.url(), count=2)
    await _until(server, acme, "delivered", 3)
    server.clock.advance(hours=1)
    end = server.clock.now()
    await _record(server, acme, alice.url())
    await _until(server, acme, "delivered", 4)

    body = {"from": render_timestamp(start), "to": render_timestamp(end)}
    response = await acme.post("/callbacks/redeliver", json=body)

    assert (response.status_code, response.json()) == (202, {"redelivered": 2})
    await alice.wait_for(6)
    assert sorted(request.event["sequence"] for request in alice.received[4:]) == [2, 3]


async def test_chosen_events_go_out_once_more(server: RunningServer, acme: Tenant, alice: Receiver):
    await _record(server, acme, alice.url(), count=3)
    done = await _until(server, acme, "delivered", 3)

    response = await acme.post("/callbacks/redeliver", json={"event_ids": [done[1]["event_id"], "msg_unknown"]})

    assert response.json() == {"redelivered": 1}
    await alice.wait_for(4)
    assert alice.received[3].event["sequence"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"from": "2026-11-22T12:00:00Z"},
        {"from": "2026-11-22T12:00:00Z", "to": "2026-11-22T12:00:00Z"},
        {"event_ids": []},
        {"event_ids": ["a"], "from": "2026-11-22T12:00:00Z", "to": "2026-11-23T12:00:00Z"},
        {"event_ids": ["a"] * 501},
        {"since": "2026-11-22T12:00:00Z"},
    ],
)
async def test_what_to_redeliver_is_checked(acme: Tenant, body: dict[str, Any]):
    response = await acme.post("/callbacks/redeliver", json=body)

    assert (response.status_code, response.json()["name"]) == (400, "InputValidationError")


async def test_another_application_sees_and_moves_nothing(
    server: RunningServer, acme: Tenant, globex: Tenant, alice: Receiver
):
    await _record(server, acme, alice.url())
    (done,) = await _until(server, acme, "delivered", 1)
    everything = {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}

    assert (await globex.get("/events")).json()["_embedded"] == []
    assert await _deliveries(globex) == []
    assert (await globex.get(f"/callbacks/deliveries/{done['id']}")).status_code == 404
    assert (await globex.post(f"/callbacks/deliveries/{done['id']}/redeliver")).status_code == 404
    assert (await globex.post("/callbacks/redeliver", json=everything)).json() == {"redelivered": 0}
    asked = await globex.post("/callbacks/redeliver", json={"event_ids": [done["event_id"]]})
    assert asked.json() == {"redelivered": 0}


async def test_a_wrong_path_holds_up_no_other_room_of_the_receiver(
    server: RunningServer, acme: Tenant, alice: Receiver
):
    right, wrong = alice.url("/right"), alice.url("/wrong")

    async def answer(request: Any, writer: Any) -> None:
        text = "200 OK" if request.path == "/right" else "404 Not Found"
        writer.write(f"HTTP/1.1 {text}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()

    alice.answer = answer
    for number in range(12):
        await _record(server, acme, wrong, room=f"wrong-{number}", count=5)
    await _record(server, acme, right, room="right", count=5)

    delivered = await _until(server, acme, "delivered", 5)

    assert {one["room_id"] for one in delivered} == {"right"}
    assert server.clock.now() == FakeClock().now()


async def test_old_events_go_with_their_log(
    tmp_path: Path, sqlite_template: Path, clock: FakeClock, keys: KeyPair, alice: Receiver
):
    options = {"allow_loopback_callbacks": True, "callback_retention_days": 7}
    async with running_server(tmp_path, sqlite_template, clock, **options) as server:
        acme = await server.tenant(keys)
        await _record(server, acme, alice.url())
        await _record(server, acme, None)
        (done,) = await _until(server, acme, "delivered", 1)
        clock.advance(days=6)
        await _record(server, acme, None)
        clock.advance(days=1, seconds=1)
        server.server.long_jobs.wake()

        async def only_the_young() -> bool:
            database = server.server.context.database
            statement = select(outbox.events.c.position)
            return await database.read(lambda connection: list(connection.execute(statement).scalars())) == [3]

        await eventually(only_the_young)
        assert [event["position"] for event in (await acme.get("/events")).json()["_embedded"]] == [3]
        assert (await acme.get(f"/callbacks/deliveries/{done['id']}")).status_code == 404


async def test_both_secrets_sign_for_a_day(server: RunningServer, acme: Tenant, alice: Receiver):
    database = server.server.context.database
    rotated = await database.write(
        lambda connection: applications.rotate_signature_secret(connection, acme.account_id, server.clock.now())
    )
    await _record(server, acme, alice.url())
    await _until(server, acme, "delivered", 1)
    server.clock.advance(hours=24)
    await _record(server, acme, alice.url())
    await _until(server, acme, "delivered", 2)

    assert len(alice.received[0].headers["webhook-signature"].split()) == 2
    assert len(alice.received[1].headers["webhook-signature"].split()) == 1
    assert rotated.signature_secret != rotated.previous_signature_secret
    assert rotated.signature_secrets(server.clock.now() - timedelta(hours=1)) == (
        rotated.signature_secret,
        rotated.previous_signature_secret,
    )


async def test_a_test_event_goes_out_like_any_other(server: RunningServer, acme: Tenant, alice: Receiver):
    nowhere = await acme.post("/callbacks/test", json={"webhook": "session_changed"})
    database = server.server.context.database
    of_acme = update(application_table).where(application_table.c.application_id == acme.application_id)
    await database.write(lambda connection: connection.execute(of_acme.values(sessions_url=alice.url())))
    # A test does not wait for an earlier one that fails.
    for number, answer in enumerate((500, 200), start=1):
        alice.answer = status(answer)
        sent = await acme.post("/callbacks/test", json={"webhook": "session_changed"})
        assert (sent.status_code, sent.json()["status"]) == (202, "pending")
        server.server.callbacks.wake()
        await alice.wait_for(number)
    (delivered,) = await _until(server, acme, "delivered", 1)

    assert (nowhere.status_code, (await acme.get("/events")).json()["after"]) == (409, 2)
    assert delivered["event"] == "callback:test"
    assert {request.event["webhook"] for request in alice.received} == {"session_changed"}
    assert all(request.event["test"] is True and request.event["sequence"] == 1 for request in alice.received)
    assert all("webhook-signature" in request.headers for request in alice.received)
    assert (await acme.post("/callbacks/test", json={"webhook": "other"})).status_code == 400

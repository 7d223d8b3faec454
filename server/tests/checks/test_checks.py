"""Checks of a connection on a whole server: who may run them, how long, and who hears of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from support.engine import FakeEngine
from support.server import ORIGIN, RunningServer, Tenant

from moothall.checks.model import LIFE_S, MOST_OF_NETWORK, TICKET_S, VIDEO_BITS_PER_SECOND
from moothall.engine import CHECK_ROOM_PREFIX, Admission, Applicant, JoinGrant, Refusal

HERE, ELSEWHERE = "198.51.100.1", "198.51.100.2"
REFUSED = Refusal("unknown_meeting")


@asynccontextmanager
async def browser(server: RunningServer, address: str = HERE) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=server.server.app, client=(address, 40000))
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield http


async def open_check(server: RunningServer, room: dict[str, Any], address: str = HERE) -> httpx2.Response:
    async with browser(server, address) as http:
        return await http.post("/page/check", json={"meeting_code": room["meeting_code"]})


async def ask(engine: FakeEngine, room: str, address: str = HERE, identity: str = "publisher") -> Admission | Refusal:
    assert engine.gate is not None
    return await engine.gate(Applicant(room, identity, address=address))


@pytest.fixture
async def room(acme: Tenant) -> dict[str, Any]:
    return await acme.create_room()


async def test_a_check_has_a_room_of_its_own_and_two_tokens_that_can_do_little(
    server: RunningServer, room: dict[str, Any]
) -> None:
    answer = await open_check(server, room)

    assert answer.status_code == 200
    assert answer.json() == {
        "url": server.engine.client_url(),
        "publisher_token": "access-token-of-publisher",
        "subscriber_token": "access-token-of-subscriber",
        "seconds": LIFE_S,
        "bits_per_second": VIDEO_BITS_PER_SECOND,
    }
    publisher, subscriber = server.engine.grants
    assert publisher.room == subscriber.room
    assert publisher.room.startswith(CHECK_ROOM_PREFIX)
    assert room["id"] not in publisher.room
    for grant in (publisher, subscriber):
        assert not grant.can_publish_data
        assert grant.ttl.total_seconds() == TICKET_S
        assert not grant.attributes
    assert _can(publisher) == (True, False, ("camera",))
    assert _can(subscriber) == (False, True, ())
    assert await ask(server.engine, publisher.room) == Admission(("camera",), video_limit=VIDEO_BITS_PER_SECOND)


def _can(grant: JoinGrant) -> tuple[bool, bool, object]:
    return grant.can_publish, grant.can_subscribe, grant.can_publish_sources


async def test_tickets_are_for_one_network_and_for_their_time(server: RunningServer, room: dict[str, Any]) -> None:
    await open_check(server, room)
    name = server.engine.grants[0].room

    assert await ask(server.engine, name, ELSEWHERE) == REFUSED
    assert await ask(server.engine, CHECK_ROOM_PREFIX + "of nobody") == REFUSED
    server.clock.advance(seconds=TICKET_S + 1)
    assert await ask(server.engine, name) == REFUSED


async def test_a_check_that_has_begun_is_ended_for_everybody(server: RunningServer, room: dict[str, Any]) -> None:
    await open_check(server, room)
    name = server.engine.grants[0].room
    assert isinstance(await ask(server.engine, name), Admission)
    await server.engine.join(name, "publisher")
    server.clock.advance(seconds=LIFE_S - 1)
    await server.server.features.checks.end_overdue()
    assert await server.engine.participants(name) == ["publisher"]

    server.clock.advance(seconds=1)
    await server.server.features.checks.end_overdue()

    assert await server.engine.participants(name) == []
    assert await ask(server.engine, name) == REFUSED


async def test_nobody_hears_of_a_check(server: RunningServer, acme: Tenant, room: dict[str, Any]) -> None:
    before = await _everything(acme, room)
    await open_check(server, room)
    name = server.engine.grants[0].room
    for identity in ("publisher", "subscriber"):
        assert isinstance(await ask(server.engine, name, identity=identity), Admission)
        await server.engine.join(name, identity)
    assert await server.engine.participants(name) == ["publisher", "subscriber"]
    server.clock.advance(minutes=3)
    for identity in ("publisher", "subscriber"):
        await server.engine.leave(name, identity)
    server.clock.advance(minutes=3)
    await server.run_due_jobs()

    assert await _everything(acme, room) == before
    assert (await acme.get(f"/rooms/{name}")).status_code == 404
    assert (await acme.get(f"/rooms/{name}/live")).status_code == 404
    # Everybody has left: no second use of the same tickets.
    assert await ask(server.engine, name) == REFUSED


async def _everything(acme: Tenant, room: dict[str, Any]) -> list[Any]:
    found = []
    for path in (
        "/rooms",
        f"/rooms/{room['id']}/sessions",
        "/events",
        "/callbacks/deliveries",
        "/usage?start=2026-11-01&end=2026-12-31",
    ):
        answer = await acme.get(path)
        assert answer.status_code == 200, path
        found.append({name: value for name, value in answer.json().items() if name != "to"})
    return found


async def test_a_network_runs_a_few_at_a_time_and_others_are_not_in_its_way(
    server: RunningServer, room: dict[str, Any]
) -> None:
    for _ in range(MOST_OF_NETWORK):
        assert (await open_check(server, room)).status_code == 200
    refused = await open_check(server, room)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) > 0
    assert (await open_check(server, room, ELSEWHERE)).status_code == 200
    # Tickets that nobody used make room in a minute.
    server.clock.advance(seconds=TICKET_S)
    await server.server.features.checks.end_overdue()
    assert (await open_check(server, room)).status_code == 200


async def test_one_network_asks_only_so_often(server: RunningServer, room: dict[str, Any]) -> None:
    answers = []
    for _ in range(25):
        answers.append((await open_check(server, room)).status_code)
        if answers[-1] == 200:
            name = server.engine.grants[-1].room
            await server.engine.join(name, "publisher")
            await server.engine.leave(name, "publisher")

    assert answers == [200] * 20 + [429] * 5


async def test_without_the_code_of_a_meeting_there_is_no_check(server: RunningServer, room: dict[str, Any]) -> None:
    unknown = await open_check(server, {"meeting_code": "123456789012"})
    server.clock.advance(minutes=11)
    await server.run_due_jobs()
    over = await open_check(server, room)

    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_meeting")
    assert (over.status_code, over.json()["code"]) == (410, "meeting_expired")
    assert server.engine.grants == []


async def test_the_application_reads_the_result_with_the_stay(
    server: RunningServer, acme: Tenant, room: dict[str, Any]
) -> None:
    body = {"meeting_code": room["meeting_code"], "name": "Ada"}
    ticket = (await server.http.post("/page/join", json=body)).json()
    await server.engine.join(room["id"], ticket["participant_id"], name="Ada")
    await server.engine.join(room["id"], "bob", name="Bob")
    findings = {
        "verdict": "poor",
        "camera": "denied",
        "microphone": "granted",
        "udp": False,
        "tcp": True,
        "relayed": False,
        "round_trip_ms": 240,
        "jitter_ms": None,
        "upload_kbps": 90,
        "download_kbps": 1500,
        "upload_loss_percent": 12.5,
        "download_loss_percent": 0,
    }
    headers = {"authorization": f"Bearer {ticket['control_token']}"}

    sent = await server.http.post("/page/connection-check", json={"age_s": 90, **findings}, headers=headers)

    assert sent.status_code == 204, sent.text
    [session] = (await acme.get(f"/rooms/{room['id']}/sessions")).json()["_embedded"]
    page = (await acme.get(f"/rooms/{room['id']}/sessions/{session['id']}/participants")).json()
    of_ada, of_bob = page["_embedded"]
    assert of_ada["connection_check"] == {
        "reported_by": "participant",
        "measured_at": "2026-11-22T11:58:30.000Z",
        **findings,
    }
    assert "connection_check" not in of_bob

"""Additions to the original API are marked as such, and answer as in the reference."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from sqlalchemy import func, select
from support.clock import FakeClock
from support.receiver import receiver
from support.server import RunningServer, Tenant, running_server
from support.waiting import eventually

from moothall.applications import store as applications
from moothall.callbacks import outbox
from moothall.engine import LiveTrack

ADDED = {
    ("get", "/events"),
    ("get", "/callbacks/deliveries"),
    ("get", "/callbacks/deliveries/{delivery_id}"),
    ("post", "/callbacks/deliveries/{delivery_id}/redeliver"),
    ("post", "/callbacks/redeliver"),
    ("post", "/callbacks/test"),
    ("get", "/sessions"),
    ("get", "/live"),
    ("get", "/recordings"),
    ("get", "/applications"),
    ("get", "/rooms/{room_id}/sessions"),
    ("get", "/rooms/{room_id}/sessions/{session_id}/participants"),
    ("get", "/rooms/{room_id}/live"),
    ("post", "/rooms/{room_id}/live/end"),
    ("post", "/rooms/{room_id}/live/participants/{participant_id}/remove"),
    ("post", "/rooms/{room_id}/live/participants/{participant_id}/mute"),
    ("post", "/rooms/{room_id}/live/waiting/{participant_id}/admit"),
    ("post", "/rooms/{room_id}/live/waiting/{participant_id}/deny"),
    ("get", "/themes/{theme_id}/backgrounds"),
    ("post", "/themes/{theme_id}/backgrounds"),
    ("delete", "/themes/{theme_id}/backgrounds/{background_id}"),
    ("get", "/usage"),
    ("get", "/usage/rooms"),
    ("get", "/usage/sessions"),
    ("get", "/usage/entries"),
    ("get", "/usage/statement"),
}


@pytest.fixture
async def server(tmp_path: Path, sqlite_template: Path, clock: FakeClock) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path, sqlite_template, clock, allow_loopback_callbacks=True) as running:
        yield running


@pytest.fixture
async def document(server: RunningServer) -> dict[str, Any]:
    found: dict[str, Any] = (await server.http.get("/openapi.json")).json()
    return found


def test_every_addition_is_marked(document: dict[str, Any]):
    marked = {
        (method, path.removeprefix("/v1/meetings"))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if "Additions" in operation["tags"]
    }

    assert marked >= ADDED
    for method, path in ADDED:
        operation = document["paths"][f"/v1/meetings{path}"][method]
        assert operation["description"].startswith("**Addition to the original.**"), path
        assert operation["security"] == [{"applicationToken": []}], path


async def test_answers_are_as_described(server: RunningServer, acme: Tenant, document: dict[str, Any]):
    def check(schema: str, answer: Any) -> None:
        root = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
        Draft202012Validator(root).validate(answer)

    async with receiver() as alice:
        urls = {"sessions_callback_url": alice.url(), "rooms_callback_url": None, "recordings_callback_url": None}
        expires_at = "2026-12-24T18:00:00Z"
        room = await acme.create_room(
            type="long_term", expires_at=expires_at, join_approval_level="explicit_approval", callback_urls=urls
        )
        path = f"/rooms/{room['id']}"
        await server.engine.join(room["id"], "ada", name="Ada", role="owner")
        server.engine.published[room["id"]] = [LiveTrack("ada", "TR_1", "audio", "microphone", muted=False)]
        await server.http.post("/page/join", json={"meeting_code": room["meeting_code"], "name": "Bob"})
        check("LiveRoomBody", (await acme.get(f"{path}/live")).json())
        check("MutedBody", (await acme.post(f"{path}/live/participants/ada/mute", json={"tracks": "audio"})).json())
        await acme.post(f"{path}/live/end")
        check("LiveRoomBody", (await acme.get(f"{path}/live")).json())

        sessions = (await acme.get(f"{path}/sessions")).json()
        check("SessionPage", sessions)
        check("SessionsBody", (await acme.get("/sessions")).json())
        check("ApplicationDefaults", (await acme.get("/applications")).json())
        check("AllRecordings", (await acme.get("/recordings")).json())
        stays = await acme.get(f"{path}/sessions/{sessions['_embedded'][0]['id']}/participants")
        check("AttendancePage", stays.json())
        for schema, where in (
            ("UsageBody", "/usage"),
            ("RoomsUsageBody", "/usage/rooms"),
            ("SessionsUsageBody", "/usage/sessions"),
            ("LedgerBody", "/usage/entries"),
            ("StatementBody", "/usage/statement"),
        ):
            check(schema, (await acme.get(where)).json())

        account = await server.server.context.database.read(
            lambda connection: applications.find_account(connection, acme.account_id)
        )
        assert account is not None
        for schema, where in (
            ("UsageBody", ""),
            ("ApplicationsUsageBody", "/applications"),
            ("StatementBody", "/statement"),
            ("PricesBody", "/prices"),
        ):
            answer = await server.http.get(f"/v2/usage{where}", auth=(account.account_id, account.api_secret))
            check(schema, answer.json())

        check("EventsBody", (await acme.get("/events")).json())

        delivered = select(func.count()).where(outbox.deliveries.c.status == "delivered")

        async def all_delivered() -> bool:
            database = server.server.context.database
            return await database.read(lambda connection: connection.execute(delivered).scalar_one()) == 4

        await eventually(all_delivered)
        deliveries = (await acme.get("/callbacks/deliveries?status=delivered")).json()
        check("DeliveriesBody", deliveries)
        first = deliveries["_embedded"][0]
        shown = (await acme.get(f"/callbacks/deliveries/{first['id']}")).json()
        check("DeliveryWithAttemptsBody", shown)
        assert shown["log"]
        check(
            "RedeliveredBody", (await acme.post("/callbacks/redeliver", json={"event_ids": [first["event_id"]]})).json()
        )
        example = document["paths"]["/v1/meetings/callbacks/redeliver"]["post"]["requestBody"]["content"]
        for one in example["application/json"]["examples"].values():
            check("Redeliver", one["value"])
            assert (await acme.post("/callbacks/redeliver", json=one["value"])).status_code == 202

"""A request with an ``Idempotency-Key`` has its effect once, on both databases."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from support.server import RunningServer, Tenant
from support.waiting import eventually

from moothall.applications import store as applications
from moothall.applications.keys import KeyPair
from moothall.callbacks import outbox
from moothall.callbacks.model import Event, Topic
from moothall.db import Connection
from moothall.idempotency import store
from moothall.idempotency.retention import RETENTION_JOB
from moothall.jobs import store as jobs
from moothall.removal import remove_application

KEY = {"idempotency-key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}
WEEKLY = {"display_name": "Weekly"}
THEME = {"main_color": "#12f64e", "brand_text": "Acme"}


@pytest.fixture
async def anywhere(any_server: RunningServer, keys: KeyPair) -> Tenant:
    """An application on either database."""
    return await any_server.tenant(keys, "Acme")


async def count_rooms(tenant: Tenant) -> int:
    found: int = (await tenant.get("/rooms")).json()["total_items"]
    return found


async def count_keys(server: RunningServer) -> int:
    counted = select(func.count()).select_from(store.answers)
    return await server.server.context.database.read(lambda connection: connection.execute(counted).scalar_one())


def contents(folder: Path) -> bytes:
    """Return the bytes of the database and its log."""
    return b"".join(path.read_bytes() for path in folder.glob("moothall.db*"))


async def test_the_same_request_has_the_same_answer_and_no_second_effect(anywhere: Tenant):
    first = await anywhere.post("/rooms", json=WEEKLY, headers=KEY)
    again = await anywhere.post("/rooms", json=WEEKLY, headers=KEY)

    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["content-type"] == "application/json"
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert await count_rooms(anywhere) == 1


async def test_the_answer_is_the_one_of_then(anywhere: Tenant):
    body = {**WEEKLY, "type": "long_term", "expires_at": "2026-12-24T18:00:00Z"}
    first = await anywhere.post("/rooms", json=body, headers=KEY)
    changes = {"update_details": {"expire_after_use": True}}
    await anywhere.patch(f"/rooms/{first.json()['id']}", json=changes)

    again = await anywhere.post("/rooms", json=body, headers=KEY)

    assert again.json() == first.json()


@pytest.mark.parametrize(
    "content", [b'{"type": "instant", "display_name": "Weekly"}', b'{\n "display_name":"Weekly","type":"INSTANT"\n}']
)
async def test_the_same_is_what_means_the_same(acme: Tenant, content: bytes):
    first = await acme.post("/rooms", json={"display_name": "Weekly", "type": "instant"}, headers=KEY)
    unquoted = {"idempotency-key": KEY["idempotency-key"].strip('"')}

    again = await acme.post("/rooms", content=content, headers=unquoted)

    assert again.json() == first.json()


async def test_requests_without_a_key_are_different_requests(anywhere: Tenant):
    await anywhere.post("/rooms", json=WEEKLY)
    await anywhere.post("/rooms", json=WEEKLY)

    assert await count_rooms(anywhere) == 2


async def test_another_request_with_the_same_key_is_refused(anywhere: Tenant):
    room = (await anywhere.post("/rooms", json=WEEKLY, headers=KEY)).json()

    for path, body in (
        ("/rooms", {"display_name": "Monthly"}),
        ("/rooms", {**WEEKLY, "metadata": None}),
        ("/themes", THEME),
        (f"/rooms/{room['id']}/live/end", None),
    ):
        refused = await anywhere.post(path, json=body, headers=KEY)
        assert (refused.status_code, refused.json()["name"]) == (422, "UnprocessableEntityError"), path

    assert await count_rooms(anywhere) == 1
    assert (await anywhere.get("/themes")).json() == []


async def test_another_application_has_its_own_keys(acme: Tenant, globex: Tenant):
    mine = await acme.post("/rooms", json=WEEKLY, headers=KEY)
    others = await globex.post("/rooms", json={"display_name": "Theirs"}, headers=KEY)

    assert mine.status_code == others.status_code == 201
    assert "idempotent-replayed" not in others.headers


async def test_a_refused_request_leaves_its_key_free(anywhere: Tenant):
    unknown_theme = {**WEEKLY, "theme_id": "7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80"}
    invalid = await anywhere.post("/rooms", json={}, headers=KEY)
    refused = await anywhere.post("/rooms", json=unknown_theme, headers=KEY)

    made = await anywhere.post("/rooms", json=WEEKLY, headers=KEY)

    assert (invalid.status_code, refused.status_code, made.status_code) == (400, 400, 201)


@pytest.mark.parametrize("key", ["", '""', "a b", "x" * 256, '"open', "\xe9"])
async def test_a_key_that_is_none_is_refused(acme: Tenant, key: str):
    headers = [("authorization", f"Bearer {acme.token()}"), ("idempotency-key", key.encode("latin-1"))]

    refused = await acme.http.post("/v1/meetings/rooms", json=WEEKLY, headers=headers)  # type: ignore[arg-type] # bytes beside text

    assert refused.status_code == 400
    assert refused.json()["message"].startswith('"Idempotency-Key" must have between 1 and 255')
    assert await count_rooms(acme) == 0


async def test_two_keys_are_none(acme: Tenant):
    headers = [("authorization", f"Bearer {acme.token()}"), ("idempotency-key", "a"), ("idempotency-key", "b")]

    refused = await acme.http.post("/v1/meetings/rooms", json=WEEKLY, headers=headers)

    assert refused.status_code == 400


async def test_many_at_once_are_one(anywhere: Tenant):
    answers = await asyncio.gather(*(anywhere.post("/rooms", json=WEEKLY, headers=KEY) for _ in range(12)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sorted("idempotent-replayed" in answer.headers for answer in answers) == [False] + [True] * 11
    assert await count_rooms(anywhere) == 1


async def test_many_at_once_with_another_body_are_one_and_refusals(anywhere: Tenant):
    names = [{"display_name": f"Room {number}"} for number in range(8)]

    answers = await asyncio.gather(*(anywhere.post("/rooms", json=name, headers=KEY) for name in names))

    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 7
    assert await count_rooms(anywhere) == 1


async def test_effect_and_answer_are_there_together_or_not_at_all(
    anywhere: Tenant, any_server: RunningServer, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(store, "keep", fail)
        lost = await anywhere.post("/rooms", json=WEEKLY, headers=KEY)
    rooms, kept = await count_rooms(anywhere), await count_keys(any_server)
    again = await anywhere.post("/rooms", json=WEEKLY, headers=KEY)

    assert (lost.status_code, rooms, kept) == (500, 0, 0)
    assert again.status_code == 201
    assert "idempotent-replayed" not in again.headers


async def test_a_day_later_the_key_is_a_new_one(anywhere: Tenant, any_server: RunningServer):
    first = await anywhere.post("/rooms", json=WEEKLY, headers=KEY)
    any_server.clock.advance(hours=23, minutes=59)
    still = await anywhere.post("/rooms", json=WEEKLY, headers=KEY)
    any_server.clock.advance(minutes=1)
    later = await anywhere.post("/rooms", json={"display_name": "Monthly"}, headers=KEY)

    assert still.json() == first.json()
    assert later.status_code == 201
    assert later.json()["display_name"] == "Monthly"


async def test_old_keys_are_forgotten_every_hour(anywhere: Tenant, any_server: RunningServer):
    await anywhere.post("/rooms", json=WEEKLY, headers=KEY)
    any_server.clock.advance(hours=1)
    await anywhere.post("/rooms", json=WEEKLY, headers={"idempotency-key": "another"})
    any_server.clock.advance(hours=23)

    await any_server.run_due_jobs()

    assert await count_keys(any_server) == 1
    job = await any_server.server.context.database.read(
        lambda connection: jobs.find(connection, kind=RETENTION_JOB, key="all")
    )
    assert job is not None
    assert job.run_at == any_server.clock.now() + timedelta(hours=1)


async def test_all_old_keys_are_forgotten_however_many(server: RunningServer):
    def fill(connection: Connection) -> None:
        now = server.clock.now()
        for number in range(1203):
            assert store.claim(connection, "acme", str(number), "", now=now, forgotten=now, lost=now)

    await server.server.context.database.write(fill)
    server.clock.advance(hours=24)

    await server.run_due_jobs()

    assert await count_keys(server) == 0


async def test_the_keys_of_a_deleted_application_go(acme: Tenant, server: RunningServer):
    await acme.post("/rooms", json=WEEKLY, headers=KEY)

    await server.server.context.database.write(
        lambda connection: remove_application(connection, acme.application_id, server.clock.now())
    )

    assert await count_keys(server) == 0


async def test_themes_and_redeliveries_are_carried_out_once(anywhere: Tenant, any_server: RunningServer):
    room = await anywhere.create_room()
    database = any_server.server.context.database
    event = Event(
        anywhere.application_id,
        room["id"],
        Topic.ROOMS,
        "room:expired",
        {},
        "http://127.0.0.1:9/",
        None,
        any_server.clock.now(),
    )
    await database.write(lambda connection: outbox.record(connection, event))
    delivery = (await anywhere.get("/callbacks/deliveries")).json()["_embedded"][-1]

    for path, body in (
        ("/themes", THEME),
        ("/callbacks/redeliver", {"event_ids": [delivery["event_id"]]}),
        (f"/callbacks/deliveries/{delivery['id']}/redeliver", None),
    ):
        headers = {"idempotency-key": path}

        async def ask(path: str = path, body: Any = body, headers: dict[str, str] = headers) -> httpx2.Response | None:
            """None while the delivery asked for before is being tried."""
            response = await anywhere.post(path, json=body, headers=headers)
            return None if response.status_code == 409 else response

        first = await eventually(ask)
        again = await anywhere.post(path, json=body, headers=headers)

        assert first.status_code in (201, 202), first.text
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["idempotent-replayed"] == "true"
    assert len((await anywhere.get("/themes")).json()) == 1


async def test_a_command_to_a_meeting_does_not_reach_the_next_one(anywhere: Tenant, any_server: RunningServer):
    room = await anywhere.create_room()
    end = f"/rooms/{room['id']}/live/end"
    await any_server.engine.join(room["id"], "ada")
    first = await anywhere.post(end, headers=KEY)
    await any_server.engine.join(room["id"], "bob")

    again = await anywhere.post(end, headers=KEY)

    assert (first.status_code, again.status_code, again.content) == (204, 204, b"")
    assert again.headers["idempotent-replayed"] == "true"
    assert await any_server.engine.participants(room["id"]) == ["bob"]


async def test_a_command_that_is_being_carried_out_is_a_conflict(
    anywhere: Tenant, any_server: RunningServer, monkeypatch: pytest.MonkeyPatch
):
    room = await anywhere.create_room()
    end = f"/rooms/{room['id']}/live/end"
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def slow(_room: str) -> bool:
        begun.set()
        await let_go.wait()
        return True

    monkeypatch.setattr(any_server.engine, "delete_room", slow)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(anywhere.post(end, headers=KEY))
        await begun.wait()
        meanwhile = await anywhere.post(end, headers=KEY)
        let_go.set()

    assert (meanwhile.status_code, meanwhile.json()["name"]) == (409, "ConflictError")
    assert first.result().status_code == 204
    assert (await anywhere.post(end, headers=KEY)).headers["idempotent-replayed"] == "true"


async def test_a_command_that_failed_leaves_its_key_free(
    anywhere: Tenant, any_server: RunningServer, monkeypatch: pytest.MonkeyPatch
):
    room = await anywhere.create_room()
    end = f"/rooms/{room['id']}/live/end"

    async def broken(_room: str) -> bool:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(any_server.engine, "delete_room", broken)
        failed = await anywhere.post(end, headers=KEY)
    again = await anywhere.post(end, headers=KEY)

    assert (failed.status_code, again.status_code) == (500, 204)
    assert "idempotent-replayed" not in again.headers


async def test_a_command_lost_with_its_process_can_be_given_again_soon(
    anywhere: Tenant, any_server: RunningServer, monkeypatch: pytest.MonkeyPatch
):
    room = await anywhere.create_room()
    end = f"/rooms/{room['id']}/live/end"
    with monkeypatch.context() as patch:
        # The process dies after the effect: nothing is kept, nothing is forgotten.
        patch.setattr(store, "keep", lambda *_: None)
        await anywhere.post(end, headers=KEY)
    at_once = await anywhere.post(end, headers=KEY)
    any_server.clock.advance(seconds=30)

    later = await anywhere.post(end, headers=KEY)

    assert (at_once.status_code, later.status_code) == (409, 204)


class TestApplications:
    """The answer to the creation of an application holds its private key."""

    @pytest.fixture
    async def account(self, any_server: RunningServer) -> dict[str, Any]:
        found = await any_server.server.context.database.read(applications.find_first_account)
        assert found is not None
        return {"auth": (found.account_id, found.api_secret)}

    async def test_is_repeated_with_its_key(self, any_server: RunningServer, account: dict[str, Any]):
        async def create() -> httpx2.Response:
            return await any_server.http.post("/v2/applications", json={"name": "x"}, headers=KEY, **account)

        first, again = await create(), await create()
        other = await any_server.http.post("/v2/applications", json={"name": "y"}, headers=KEY, **account)

        assert (first.status_code, again.content) == (201, first.content)
        assert again.headers["idempotent-replayed"] == "true"
        assert first.json()["keys"]["private_key"].startswith("-----BEGIN PRIVATE KEY-----")
        assert (other.status_code, other.headers["content-type"]) == (422, "application/json")
        assert other.json()["title"] == "Unprocessable Entity"
        everything = (await any_server.http.get("/v2/applications", **account)).json()
        assert everything["total_items"] == 1


class TestSecrets:
    async def test_neither_answers_nor_keys_can_be_read_in_the_database(
        self, acme: Tenant, server: RunningServer, tmp_path: Path
    ):
        account = await server.server.context.database.read(applications.find_first_account)
        assert account is not None
        auth = (account.account_id, account.api_secret)
        made = await server.http.post("/v2/applications", json={"name": "x"}, headers=KEY, auth=auth)
        room = await acme.post("/rooms", json=WEEKLY, headers=KEY)
        private_key = made.json()["keys"]["private_key"].splitlines()[1]
        host_token = room.json()["_links"]["host_url"]["href"].partition("participant_token=")[2]

        stored = contents(tmp_path)

        assert await count_keys(server) == 2
        assert room.json()["id"].encode() in stored
        for secret in (private_key, host_token, KEY["idempotency-key"].strip('"')):
            assert secret.encode() not in stored

    async def test_answers_sealed_with_another_secret_are_not_repeated_and_not_done_again(
        self, acme: Tenant, server: RunningServer
    ):
        await acme.post("/rooms", json=WEEKLY, headers=KEY)
        sealed = select(store.answers.c.sealed)

        def damage(connection: Connection) -> None:
            kept = connection.execute(sealed).scalar_one()
            connection.execute(store.answers.update().values(sealed=kept[:-1] + bytes([kept[-1] ^ 1])))

        await server.server.context.database.write(damage)
        again = await acme.post("/rooms", json=WEEKLY, headers=KEY)

        assert again.status_code == 409
        assert "can no longer be read" in again.json()["message"]
        assert await count_rooms(acme) == 1


async def test_the_reference_offers_it_for_every_post_of_an_application(server: RunningServer):
    document = (await server.http.get("/openapi.json")).json()

    for path, item in document["paths"].items():
        for method, operation in item.items():
            offered = [found["name"] for found in operation.get("parameters", ()) if found["in"] == "header"]
            expected = method == "post" and "security" in operation
            assert ("Idempotency-Key" in offered) is expected, (method, path)
            assert ("422" in operation["responses"]) is expected, (method, path)
            if expected:
                assert "409" in operation["responses"], (method, path)

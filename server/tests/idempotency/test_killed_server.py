"""A client that repeats its requests after the server was killed has each effect exactly once."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from support.process import ServerProcess, run_json, server_process

from moothall.api.authentication import mint_token
from moothall.kit.ids import new_uuid

KILLS = 3
AT_ONCE = 24
# Rooms by the key they were asked for with.
Answers = dict[str, str]


@pytest.fixture
def headers(tmp_path: Path) -> dict[str, str]:
    """Those of an application of the server in this folder."""
    made = run_json("app", "create", "--name", "Repeats", "--data-dir", str(tmp_path))
    key = Path(made["private_key_file"]).read_text()
    now, lifetime = datetime.now(UTC), timedelta(hours=1)
    return {
        "authorization": f"Bearer {mint_token(key, made['application_id'], jti=new_uuid(), now=now, lifetime=lifetime)}"
    }


async def test_each_request_that_is_repeated_until_it_is_answered_makes_one_room(
    tmp_path: Path, headers: dict[str, str]
):
    options = ("--data-dir", str(tmp_path), "--api-rate", "0")
    keys = [new_uuid() for _ in range(AT_ONCE * KILLS)]
    answered: Answers = {}
    for kill in range(KILLS):
        with server_process(*options) as server:
            asked = keys[: AT_ONCE * (kill + 1)]
            await ask_and_kill(server, headers, asked, answered, after=AT_ONCE * kill + 3 + 5 * kill)
    with server_process(*options) as server:
        async with httpx2.AsyncClient(base_url=server.origin, headers=headers) as http:
            before = dict(answered)
            await asyncio.gather(*(ask(http, key, answered) for key in keys))
            rooms = (await http.get("/v1/meetings/rooms", params={"page_size": 1000})).json()

    assert set(answered) == set(keys)
    assert before.items() <= answered.items()
    assert sorted(room["id"] for room in rooms["_embedded"]) == sorted(answered.values())


async def ask_and_kill(
    server: ServerProcess, headers: dict[str, str], keys: list[str], answered: Answers, after: int
) -> None:
    """Ask for all rooms at once, and kill the server when so many of them have been answered."""
    heard = 0

    async def one(http: httpx2.AsyncClient, key: str) -> None:
        nonlocal heard
        try:
            await ask(http, key, answered)
        except httpx2.TransportError:
            return
        heard += 1
        if heard == after:
            server.process.kill()

    async with httpx2.AsyncClient(base_url=server.origin, headers=headers) as http:
        await asyncio.gather(*(one(http, key) for key in keys))
    assert heard >= after


async def ask(http: httpx2.AsyncClient, key: str, answered: Answers) -> None:
    """Raises TransportError."""
    response = await http.post("/v1/meetings/rooms", json={"display_name": "Once"}, headers={"idempotency-key": key})
    assert response.status_code == 201, response.text
    room_id = response.json()["id"]
    assert answered.setdefault(key, room_id) == room_id

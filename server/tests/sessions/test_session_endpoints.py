"""Sessions and attendance through the API."""

from typing import Any

import pytest
from support.server import RunningServer, Tenant


@pytest.fixture
async def room(acme: Tenant) -> dict[str, Any]:
    return await acme.create_room()


async def _hold(server: RunningServer, room: dict[str, Any], *people: str, minutes: int) -> None:
    for identity in people:
        await server.engine.join(room["id"], identity, name=identity.title())
    server.clock.advance(minutes=minutes)
    for identity in people:
        await server.engine.leave(room["id"], identity)


async def test_attendance_says_who_was_inside_and_how_long(server: RunningServer, acme: Tenant, room: dict[str, Any]):
    await server.engine.join(room["id"], "ada", name="Ada", role="owner")
    server.clock.advance(minutes=5)
    await server.engine.join(room["id"], "bob", name="Bob")
    server.clock.advance(seconds=90.5)
    await server.engine.leave(room["id"], "bob")
    server.clock.advance(minutes=1)

    (session,) = (await acme.get(f"/rooms/{room['id']}/sessions")).json()["_embedded"]
    page = (await acme.get(f"/rooms/{room['id']}/sessions/{session['id']}/participants")).json()

    assert (session["duration"], session["room_id"]) == (450.5, room["id"])
    assert "ended_at" not in session
    assert page["total_items"] == 2
    ada, bob = page["_embedded"]
    assert ada == {
        "participant_id": "ada",
        "name": "Ada",
        "type": "Owner",
        "is_host": True,
        "joined_at": "2026-11-22T12:00:00.000Z",
        "duration": 450.5,
    }
    assert (bob["type"], bob["left_at"], bob["duration"]) == ("Guest", "2026-11-22T12:06:30.500Z", 90.5)


async def test_sessions_come_in_pages(server: RunningServer, acme: Tenant, room: dict[str, Any]):
    for _ in range(5):
        await _hold(server, room, "ada", minutes=1)

    url = f"https://meet.example/v1/meetings/rooms/{room['id']}/sessions?page_size=2"
    seen = []
    pages = []
    while url:
        page = (await acme.get(url)).json()
        pages.append(page)
        seen += [session["id"] for session in page["_embedded"]]
        url = page["_links"].get("next", {}).get("href")

    assert len(seen) == len(set(seen)) == 5
    assert [len(page["_embedded"]) for page in pages] == [2, 2, 1]
    assert "prev" not in pages[0]["_links"]
    back = (await acme.get(pages[2]["_links"]["prev"]["href"])).json()
    assert back["_embedded"] == pages[1]["_embedded"]


async def test_the_sessions_of_all_rooms_come_with_the_newest_first(
    server: RunningServer, acme: Tenant, globex: Tenant, room: dict[str, Any]
):
    other = await acme.create_room()
    foreign = await globex.create_room()
    for one in (room, other, foreign, room):
        await _hold(server, one, "ada", minutes=1)
    # Two that start in the same millisecond.
    for one in (room, other):
        await server.engine.join(one["id"], "bob", name="Bob")

    seen: list[dict[str, Any]] = []
    after, has_more = 0, True
    while has_more:
        page = (await acme.get(f"/sessions?limit=2&after={after}")).json()
        seen += page["_embedded"]
        after, has_more = page["after"], page["has_more"]
    of_other = (await acme.get(f"/sessions?room_id={other['id']}")).json()["_embedded"]

    assert [one["room_id"] for one in seen] == [other["id"], room["id"], room["id"], other["id"], room["id"]]
    assert len({one["id"] for one in seen}) == 5
    assert [one["id"] for one in of_other] == [one["id"] for one in seen if one["room_id"] == other["id"]]
    assert (await acme.get("/sessions?after=-1")).status_code == 400


async def test_attendance_comes_in_pages(server: RunningServer, acme: Tenant, room: dict[str, Any]):
    await _hold(server, room, "ada", "bob", "carol", minutes=1)
    (session,) = (await acme.get(f"/rooms/{room['id']}/sessions")).json()["_embedded"]

    first = (await acme.get(f"/rooms/{room['id']}/sessions/{session['id']}/participants?page_size=2")).json()
    second = (await acme.get(first["_links"]["next"]["href"])).json()

    assert [one["name"] for one in first["_embedded"] + second["_embedded"]] == ["Ada", "Bob", "Carol"]
    assert "next" not in second["_links"]
    assert (await acme.get(second["_links"]["prev"]["href"])).json()["_embedded"] == first["_embedded"]


async def test_others_rooms_and_sessions_are_not_found(
    server: RunningServer, acme: Tenant, globex: Tenant, room: dict[str, Any]
):
    await _hold(server, room, "ada", minutes=1)
    (session,) = (await acme.get(f"/rooms/{room['id']}/sessions")).json()["_embedded"]
    other = await acme.create_room()
    theirs = await globex.create_room()

    assert (await globex.get(f"/rooms/{room['id']}/sessions")).status_code == 404
    for owner, path in (
        (globex, f"/rooms/{room['id']}/sessions/{session['id']}/participants"),
        (globex, f"/rooms/{theirs['id']}/sessions/{session['id']}/participants"),
        (acme, f"/rooms/{other['id']}/sessions/{session['id']}/participants"),
        (acme, f"/rooms/{room['id']}/sessions/unknown/participants"),
    ):
        assert (await owner.get(path)).status_code == 404, path

"""The chat of a session, as the application reads it."""

import csv
import io
from typing import Any

import pytest
from support.server import RunningServer, Tenant

from moothall.applications.keys import KeyPair
from moothall.chat import service as chat
from moothall.chat.model import MOST_KEPT, Removal
from moothall.db import Connection
from moothall.sessions import store as sessions

PATH = "/sessions/{}/chat"


@pytest.fixture
async def room(server: RunningServer, acme: Tenant) -> dict[str, Any]:
    """With Ada, its owner, and Bob inside."""
    room = await acme.create_room()
    await server.engine.join(room["id"], "ada", name="Ada", role="owner")
    await server.engine.join(room["id"], "bob", name="Bob")
    return room


async def _session(acme: Tenant, room: dict[str, Any]) -> str:
    (session,) = (await acme.get(f"/rooms/{room['id']}/sessions")).json()["_embedded"]
    session_id: str = session["id"]
    return session_id


async def _write(server: RunningServer, room: dict[str, Any], who: str, *texts: str) -> None:
    def transaction(connection: Connection) -> None:
        author = sessions.find_connected_attendance(connection, room["id"], who)
        assert author is not None
        for text in texts:
            chat.record_message(connection, author, text, server.clock.now())

    await server.server.context.database.write(transaction)


async def test_what_was_written_is_read_by_author_and_time_during_and_after_the_session(
    server: RunningServer, acme: Tenant, room: dict[str, Any]
):
    await _write(server, room, "ada", "Good morning")
    server.clock.advance(seconds=30)
    await _write(server, room, "bob", "<script>alert(1)</script>\nمرحبا")
    path = PATH.format(await _session(acme, room))
    during = (await acme.get(path)).json()
    await server.engine.delete_room(room["id"])
    after = (await acme.get(path)).json()

    assert during == after
    assert after["total_items"] == 2
    ada, bob = after["_embedded"]
    assert ada == {
        "number": 1,
        "sent_at": "2026-11-22T12:00:00.000Z",
        "participant_id": "ada",
        "name": "Ada",
        "type": "Owner",
        "is_host": True,
        "text": "Good morning",
        "is_removed": False,
    }
    assert (bob["number"], bob["type"], bob["sent_at"]) == (2, "Guest", "2026-11-22T12:00:30.000Z")
    assert bob["text"] == "<script>alert(1)</script>\nمرحبا"


async def test_a_chat_is_read_from_either_database(any_server: RunningServer, keys: KeyPair):
    tenant = await any_server.tenant(keys)
    room = await tenant.create_room()
    await any_server.engine.join(room["id"], "ada", name="Ada", role="owner")
    path = PATH.format(await _session(tenant, room))
    empty = (await tenant.get(path)).json()
    await _write(any_server, room, "ada", "Good morning")

    for query in ("", "?start_id=0", f"?end_id={2**63 - 1}", "?start_id=1&end_id=2"):
        page = (await tenant.get(path + query)).json()
        assert [message["text"] for message in page["_embedded"]] == ["Good morning"], query
    assert empty["_embedded"] == []


async def test_a_new_session_begins_an_empty_chat(server: RunningServer, acme: Tenant, room: dict[str, Any]):
    await _write(server, room, "ada", "first session")
    await server.engine.delete_room(room["id"])
    await server.engine.join(room["id"], "ada", name="Ada")
    await _write(server, room, "ada", "second session")

    sessions = (await acme.get(f"/rooms/{room['id']}/sessions")).json()["_embedded"]
    chats = [(await acme.get(PATH.format(session["id"]))).json()["_embedded"] for session in sessions]

    assert [[(one["number"], one["text"]) for one in messages] for messages in chats] == [
        [(1, "first session")],
        [(1, "second session")],
    ]


async def test_messages_come_in_pages(server: RunningServer, acme: Tenant, room: dict[str, Any]):
    await _write(server, room, "ada", *"abcde")

    url = f"https://meet.example/v1/meetings{PATH.format(await _session(acme, room))}?page_size=2"
    pages = []
    while url:
        pages.append((await acme.get(url)).json())
        url = pages[-1]["_links"].get("next", {}).get("href")

    assert [[one["text"] for one in page["_embedded"]] for page in pages] == [["a", "b"], ["c", "d"], ["e"]]
    assert "prev" not in pages[0]["_links"]
    assert (await acme.get(pages[2]["_links"]["prev"]["href"])).json()["_embedded"] == pages[1]["_embedded"]


async def test_who_asks_for_a_table_gets_everything_in_one(server: RunningServer, acme: Tenant, room: dict[str, Any]):
    texts = [f"message {number}" for number in range(1200)]
    await _write(server, room, "ada", *texts, 'with "quotes", commas\nand a line')
    path = PATH.format(await _session(acme, room))

    response = await acme.get(path, headers={"accept": "text/html;q=0.5, Text/CSV"})
    part = await acme.get(f"{path}?start_id=3&end_id=5&page_size=1", headers={"accept": "text/csv"})

    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="chat.csv"'
    heading, *rows = csv.reader(io.StringIO(response.text, newline=""))
    assert heading == ["number", "sent_at", "participant_id", "name", "type", "text"]
    assert [row[-1] for row in rows] == [*texts, 'with "quotes", commas\nand a line']
    assert rows[0][:-1] == ["1", "2026-11-22T12:00:00.000Z", "ada", "Ada", "Owner"]
    assert [row[0] for row in csv.reader(io.StringIO(part.text, newline=""))] == ["number", "3", "4"]


@pytest.mark.parametrize("text", ['=HYPERLINK("http://evil.example")', "+1", "-1", "@SUM(A1)"])
async def test_no_text_becomes_a_formula_of_a_spreadsheet(
    server: RunningServer, acme: Tenant, room: dict[str, Any], text: str
):
    await server.engine.join(room["id"], "mallory", name=text)
    await _write(server, room, "mallory", text)
    path = PATH.format(await _session(acme, room))

    table = (await acme.get(path, headers={"accept": "text/csv"})).text
    message = (await acme.get(path)).json()["_embedded"][0]

    _, row = csv.reader(io.StringIO(table, newline=""))
    assert (row[3], row[5]) == (f"'{text}", f"'{text}")
    assert (message["name"], message["text"]) == (text, text)


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
async def test_another_applications_session_is_not_found(
    server: RunningServer, acme: Tenant, globex: Tenant, room: dict[str, Any], accept: str
):
    await _write(server, room, "ada", "secret")
    path = PATH.format(await _session(acme, room))

    others = await globex.get(path, headers={"accept": accept})
    nobodys = await acme.get(PATH.format("2_MX4nothing"), headers={"accept": accept})

    assert (others.status_code, nobodys.status_code) == (404, 404)
    assert "secret" not in others.text


async def test_the_oldest_go_when_there_are_too_many(
    server: RunningServer, acme: Tenant, room: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(chat, "MOST_KEPT", 3)
    await _write(server, room, "ada", *"abcde")

    found = (await acme.get(PATH.format(await _session(acme, room)))).json()

    assert MOST_KEPT > 3
    assert [(one["number"], one["text"]) for one in found["_embedded"]] == [(3, "c"), (4, "d"), (5, "e")]
    assert found["total_items"] == 3


async def test_a_removed_message_keeps_its_place_and_has_no_text(
    server: RunningServer, acme: Tenant, room: dict[str, Any]
):
    await _write(server, room, "ada", "one", "secret", "three")
    session_id = await _session(acme, room)

    def remove(connection: Connection) -> None:
        chat.remove_message(connection, session_id, 2, Removal(None, None), server.clock.now())

    await server.server.context.database.write(remove)

    path = PATH.format(session_id)
    found = (await acme.get(path)).json()["_embedded"]
    assert [(one["number"], one["text"], one["is_removed"]) for one in found] == [
        (1, "one", False),
        (2, "", True),
        (3, "three", False),
    ]
    assert "secret" not in (await acme.get(path, headers={"accept": "text/csv"})).text

"""Chat as the page writes and reads it, and what everybody inside is sent."""

import json
from typing import Any

import pytest
from support.page import Page

from moothall.rooms.model import JoinApprovalLevel


async def _inside(page: Page, name: str = "Bob", token: str | None = None) -> dict[str, str]:
    """Somebody is inside. Returns the headers of their calls."""
    body = {"meeting_code": page.room.meeting_code, "participant_token": token, "name": name}
    ticket = (await page.post("join", body)).json()
    await page.engine.join(page.room.id, ticket["participant_id"], name=name, role=ticket["role"])
    return {"authorization": f"Bearer {ticket['control_token']}"}


async def _say(page: Page, headers: dict[str, str], message: str) -> dict[str, Any]:
    response = await page.post("chat", {"message": message}, headers=headers)
    assert response.status_code == 201, response.text
    said: dict[str, Any] = response.json()
    return said


async def _read(page: Page, headers: dict[str, str], after: int | None = None) -> dict[str, Any]:
    response = await page.post("feed", {"feed": "chat", "after": after}, headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    found: dict[str, Any] = response.json()
    assert [entry["key"] for entry in found["entries"]] == [str(entry["value"]["number"]) for entry in found["entries"]]
    return {**found, "messages": [entry["value"] for entry in found["entries"]]}


async def test_everybody_is_sent_what_was_written_by_whom(page: Page) -> None:
    ada = await _inside(page, "Ada", page.host_token)
    said = await _say(page, ada, "Good morning, <b>all</b>")

    (sent,) = page.engine.sent
    assert (sent.room, sent.topic, sent.to) == (page.room.id, "lk-chat-topic", ())
    assert json.loads(sent.payload) == said
    assert (said["name"], said["role"], said["number"]) == ("Ada", "owner", 1)
    assert said["participant_id"] == page.room.owner_participant_id
    # The fields that the LiveKit components read.
    assert said["message"] == "Good morning, <b>all</b>"
    assert said["timestamp"] == 1_795_348_800_000
    assert said["id"] == f"{said['session_id']}:1"


async def test_who_comes_later_reads_what_was_written(page: Page) -> None:
    ada = await _inside(page, "Ada")
    first = await _say(page, ada, "one")
    second = await _say(page, ada, "two")
    bob = await _inside(page, "Bob")

    everything = await _read(page, bob)
    later = await _read(page, bob, after=1)
    nothing = await _read(page, bob, after=2)

    assert everything["messages"] == [first, second]
    assert [everything[name] for name in ("session_id", "number", "has_more")] == [first["session_id"], 2, False]
    assert later["messages"] == [second]
    assert nothing["messages"] == []


async def test_a_long_chat_is_read_on_in_parts_and_begins_with_the_newest(page: Page) -> None:
    ada = await _inside(page, "Ada")
    for number in range(205):
        page.clock.advance(seconds=1)
        await _say(page, ada, str(number))

    newest = await _read(page, ada)
    part = await _read(page, ada, after=0)
    rest = await _read(page, ada, after=200)

    assert [newest["messages"][0]["number"], newest["messages"][-1]["number"]] == [6, 205]
    assert [len(newest["messages"]), newest["has_more"]] == [200, False]
    assert [len(part["messages"]), part["has_more"]] == [200, True]
    assert [len(rest["messages"]), rest["has_more"]] == [5, False]


async def test_nobody_writes_or_reads_who_is_not_inside(page: Page) -> None:
    ada = await _inside(page, "Ada")
    await _say(page, ada, "one")
    (identity,) = await page.engine.participants(page.room.id)
    await page.engine.join(page.room.id, "bob")
    await page.engine.leave(page.room.id, identity)

    for headers in (ada, {}, {"authorization": "Bearer nonsense"}):
        for call, body in (("chat", {"message": "two"}), ("feed", {"feed": "chat"})):
            response = await page.post(call, body, headers=headers)
            assert (response.status_code, response.json()["code"]) == (403, "not_permitted"), (headers, call)
    assert len(page.engine.sent) == 1


async def test_a_room_without_chat_has_none(page: Page) -> None:
    ada = await _inside(page, "Ada")
    await page.switch_off_chat()

    for call, body in (("chat", {"message": "one"}), ("feed", {"feed": "chat"})):
        response = await page.post(call, body, headers=ada)
        assert (response.status_code, response.json()["code"]) == (403, "chat_off"), call
    assert page.engine.sent == []


@pytest.mark.parametrize("message", ["", " \n\t ", "\u200b", "x" * 2001, "\u202e"])
async def test_nothing_visible_or_too_much_is_no_message(page: Page, message: str) -> None:
    ada = await _inside(page, "Ada")

    response = await page.post("chat", {"message": message}, headers=ada)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")
    assert page.engine.sent == []


async def test_who_writes_without_pause_has_to_wait(page: Page) -> None:
    ada, bob = await _inside(page, "Ada"), await _inside(page, "Bob")
    for number in range(10):
        await _say(page, ada, str(number))

    response = await page.post("chat", {"message": "one too many"}, headers=ada)

    assert (response.status_code, response.json()["code"]) == (429, "too_many_requests")
    assert response.headers["retry-after"] == "1"
    await _say(page, bob, "others may")
    page.clock.advance(seconds=1)
    await _say(page, ada, "again")


async def test_the_tabs_of_one_guest_share_one_allowance_and_do_not_silence_the_host(page: Page) -> None:
    ada = await _inside(page, "Ada", page.host_token)
    tabs = [await _inside(page, f"Eve {number}") for number in range(12)]

    statuses = [
        (await page.post("chat", {"message": "noise"}, headers=tab)).status_code for _ in range(10) for tab in tabs
    ]

    # Twelve people of one network would have ten messages each.
    assert statuses == [201] * 30 + [429] * 90
    for number in range(10):
        await _say(page, ada, f"The host is heard {number}")
    async with page.from_address("203.0.113.7") as elsewhere:
        bob = await _inside(page, "Bob")
        said = await elsewhere.post("/page/chat", json={"message": "so am I"}, headers=bob)
        assert said.status_code == 201
    page.clock.advance(seconds=1)
    again = [(await page.post("chat", {"message": "noise"}, headers=tab)).status_code for tab in tabs]
    assert sorted(again) == [201] * 4 + [429] * 8


async def test_guests_of_many_networks_together_do_not_silence_the_host(page: Page) -> None:
    ada = await _inside(page, "Ada", page.host_token)
    statuses = []
    for number in range(12):
        eve = await _inside(page, f"Eve {number}")
        async with page.from_address(f"203.0.113.{number}") as browser:
            for _ in range(10):
                answer = await browser.post("/page/chat", json={"message": "noise"}, headers=eve)
                statuses.append(answer.status_code)

    assert statuses == [201] * 60 + [429] * 60
    for number in range(10):
        await _say(page, ada, f"The host is heard {number}")


async def test_a_person_cannot_say_who_they_are(page: Page) -> None:
    ada = await _inside(page, "Ada")

    response = await page.post("chat", {"message": "hello", "name": "The host", "participant_id": "x"}, headers=ada)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")


class TestWaiting:
    @pytest.fixture
    def approval_level(self) -> JoinApprovalLevel:
        return JoinApprovalLevel.EXPLICIT_APPROVAL

    async def test_who_waits_before_the_door_hears_nothing(self, page: Page) -> None:
        ada = await _inside(page, "Ada", page.host_token)
        await _say(page, ada, "secret")
        waiting = (await page.post("join", {"meeting_code": page.room.meeting_code, "name": "Bob"})).json()

        headers = {"authorization": f"Bearer {waiting['lobby_token']}"}
        response = await page.post("feed", {"feed": "chat"}, headers=headers)

        assert (response.status_code, response.json()["code"]) == (403, "not_permitted")

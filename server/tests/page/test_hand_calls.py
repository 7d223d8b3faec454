"""Hands as people raise and hosts lower them."""

import json
from typing import Any

from support.page import Page
from support.server import RunningServer, Tenant

from moothall.meeting.feeds import FEED_TOPIC, RETURN
from moothall.meeting.notices import ROOM_TOPIC


async def _hands(page: Page, headers: dict[str, str]) -> list[str]:
    """Returns the people with a raised hand, in their order, as a page reads it."""
    state = (await page.post("feed", {"feed": "state"}, headers=headers)).json()
    raised = {entry["key"]: entry["value"] for entry in state["entries"] if entry["value"] is not None}
    return [key.removeprefix("hand:") for key in sorted(raised, key=lambda key: raised[key]["order"])]


async def _raise(page: Page, *people: Any, raised: bool = True) -> None:
    for person in people:
        response = await page.post("hand", {"raised": raised}, headers=person.headers)
        assert response.status_code == 204, response.text


async def test_hands_stand_in_the_order_of_raising(page: Page) -> None:
    ada, bob, carol = [await page.enter(name) for name in ("Ada", "Bob", "Carol")]
    await _raise(page, bob, ada, carol, bob)
    await _raise(page, ada, raised=False)
    await _raise(page, ada)

    assert await _hands(page, carol.headers) == [bob.id, carol.id, ada.id]
    (packet, *_) = [json.loads(one.payload) for one in page.engine.sent if one.topic == FEED_TOPIC]
    (entry,) = packet["entries"]
    assert entry["value"] == {"order": 1, "raised_at": "2026-11-22T12:00:00.000Z"}


async def test_a_host_lowers_one_or_all_and_who_is_lowered_reads_by_whom(page: Page) -> None:
    grace = await page.enter("Grace", page.host_token)
    ada, bob, carol = [await page.enter(name) for name in ("Ada", "Bob", "Carol")]
    await _raise(page, ada, bob, carol)
    page.engine.sent.clear()

    assert (await page.post("lower-hand", {"participant_id": bob.id}, headers=grace.headers)).status_code == 204
    assert await _hands(page, ada.headers) == [ada.id, carol.id]
    assert (await page.post("lower-hands", {}, headers=grace.headers)).status_code == 204
    assert (await page.post("lower-hands", {}, headers=grace.headers)).status_code == 204

    assert await _hands(page, ada.headers) == []
    told = [(one.to, json.loads(one.payload)) for one in page.engine.sent if one.topic == ROOM_TOPIC]
    notice = {"type": "hand_lowered", "by": {"participant_id": grace.id, "name": "Grace"}}
    assert told == [((bob.id,), notice), ((ada.id, carol.id), notice)]


async def test_guests_lower_nobody_elses_hand(page: Page) -> None:
    ada, bob = [await page.enter(name) for name in ("Ada", "Bob")]
    await _raise(page, ada)

    for call, body in (("lower-hand", {"participant_id": ada.id}), ("lower-hands", {})):
        refused = await page.post(call, body, headers=bob.headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    assert await _hands(page, bob.headers) == [ada.id]


async def test_a_hand_outlasts_a_reload_and_goes_with_its_owner(page: Page) -> None:
    ada, bob = [await page.enter(name) for name in ("Ada", "Bob")]
    await _raise(page, ada, bob)
    await page.engine.leave(page.room.id, ada.id)
    page.clock.advance(seconds=5)
    await page.engine.join(page.room.id, ada.id, name="Ada")
    page.clock.advance(seconds=RETURN.total_seconds())
    await page.run_jobs()
    assert await _hands(page, bob.headers) == [ada.id, bob.id]

    await page.engine.leave(page.room.id, ada.id)
    page.clock.advance(seconds=RETURN.total_seconds())
    await page.run_jobs()
    assert await _hands(page, bob.headers) == [bob.id]


async def test_the_application_sees_and_lowers_hands(server: RunningServer, acme: Tenant) -> None:
    room = await acme.create_room()
    live = f"/rooms/{room['id']}/live"
    assert (await acme.get(f"{live}/state")).json()["hands"] == []
    assert (await acme.post(f"{live}/lower-hands")).status_code == 404
    people = {}
    for name in ("Ada", "Bob"):
        body = {"meeting_code": room["meeting_code"], "name": name}
        ticket = (await server.http.post("/page/join", json=body)).json()
        people[name] = ticket["participant_id"]
        await server.engine.join(room["id"], ticket["participant_id"], name=name)
        headers = {"authorization": f"Bearer {ticket['control_token']}"}
        assert (await server.http.post("/page/hand", json={"raised": True}, headers=headers)).status_code == 204
    assert (await acme.get(f"{live}/state")).json()["hands"] == [people["Ada"], people["Bob"]]

    assert (await acme.post(f"{live}/participants/{people['Ada']}/lower-hand")).status_code == 204
    assert (await acme.get(f"{live}/state")).json()["hands"] == [people["Bob"]]
    assert (await acme.post(f"{live}/lower-hands")).status_code == 204
    assert (await acme.get(f"{live}/state")).json()["hands"] == []
    notices = [json.loads(one.payload) for one in server.engine.sent if one.topic == ROOM_TOPIC]
    assert notices == [{"type": "hand_lowered", "by": None}] * 2

"""The commands of hosts on the page, given by the application over the API."""

from typing import Any

import pytest
from support.server import RunningServer, Tenant

from moothall.engine import LiveTrack


async def _write(server: RunningServer, room: dict[str, Any], text: str) -> dict[str, str]:
    """Somebody comes and writes. Returns the headers of their calls on the page."""
    ticket = (await server.http.post("/page/join", json={"meeting_code": room["meeting_code"], "name": "Ada"})).json()
    await server.engine.join(room["id"], ticket["participant_id"], name="Ada")
    headers = {"authorization": f"Bearer {ticket['control_token']}"}
    sent = await server.http.post("/page/chat", json={"message": text}, headers=headers)
    assert sent.status_code == 201, sent.text
    return headers


async def _feed(server: RunningServer, headers: dict[str, str], feed: str) -> dict[str, Any]:
    read = await server.http.post("/page/feed", json={"feed": feed}, headers=headers)
    return {entry["key"]: entry["value"] for entry in read.json()["entries"]}


async def test_the_application_pins_and_removes_a_message(server: RunningServer, acme: Tenant) -> None:
    room = await acme.create_room()
    live = f"/rooms/{room['id']}/live"
    ada = await _write(server, room, "hello")

    assert (await acme.post(f"{live}/pin-message", json={"number": 1.0})).status_code == 204
    pinned = (await _feed(server, ada, "state"))["pinned"]
    assert (pinned["number"], pinned["message"], pinned["by"]) == (1, "hello", None)
    assert (await acme.post(f"{live}/pin-message", json={"number": 2})).status_code == 404

    assert (await acme.post(f"{live}/remove-message", json={"number": 1})).status_code == 204
    message = (await _feed(server, ada, "chat"))["1"]
    assert (message["message"], message["is_removed"], message["removed_by"]) == ("", True, None)
    assert (await _feed(server, ada, "state")).get("pinned") is None
    assert (await acme.post(f"{live}/remove-message", json={"number": 1})).status_code == 404
    assert (await acme.post(f"{live}/pin-message", json={"number": None})).status_code == 204


@pytest.mark.parametrize("lock", [True, False])
async def test_the_application_mutes_everybody(server: RunningServer, acme: Tenant, lock: bool) -> None:
    room = await acme.create_room()
    live = f"/rooms/{room['id']}/live"
    for name in ("ada", "bob"):
        await server.engine.join(room["id"], name)
    server.engine.published[room["id"]] = [
        LiveTrack(name, f"TR_{name}", "audio", "microphone", muted=False) for name in ("ada", "bob")
    ]

    assert (await acme.post(f"{live}/mute-all", json={"source": "microphone", "lock": lock})).status_code == 204
    # With the right to publish, what was published has gone, too.
    assert [track.muted for track in await server.engine.tracks(room["id"])] == ([] if lock else [True, True])
    assert (await acme.get(f"{live}/state")).json()["guests_may"]["microphone"] is not lock


async def test_the_application_lets_somebody_speak_and_asks_them_to(server: RunningServer, acme: Tenant) -> None:
    room = await acme.create_room()
    live = f"/rooms/{room['id']}/live"
    ada = await _write(server, room, "hello")
    (person,) = (await acme.get(live)).json()["participants"]
    them = f"{live}/participants/{person['participant_id']}"

    assert (await acme.post(f"{them}/allow", json={"rights": ["microphone"]})).status_code == 204
    allowed = (await _feed(server, ada, "state"))[f"allowed:{person['participant_id']}"]
    assert allowed["rights"] == ["microphone"]
    assert (await acme.post(f"{live}/participants/eve/allow", json={"rights": []})).status_code == 404

    for status in (204, 204, 429):
        asked = await acme.post(f"{them}/ask-to-unmute", json={"source": "microphone"})
        assert asked.status_code == status
    assert int(asked.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("mute-all", {"source": "everything"}),
        ("mute-all", {"source": "microphone", "lock": "yes"}),
        ("pin-message", {}),
        ("pin-message", {"number": 0}),
        ("pin-message", {"number": 2**53}),
        ("remove-message", {"number": None}),
        ("remove-message", {"number": 1.5}),
        ("participants/ada/allow", {"rights": ["everything"]}),
        ("participants/ada/allow", {"rights": ["chat"] * 6}),
        ("participants/ada/ask-to-unmute", {"source": "screen_share"}),
    ],
)
async def test_bodies_are_checked(server: RunningServer, acme: Tenant, command: str, body: dict[str, Any]) -> None:
    room = await acme.create_room()
    await server.engine.join(room["id"], "ada")

    assert (await acme.post(f"/rooms/{room['id']}/live/{command}", json=body)).status_code in {400, 422}

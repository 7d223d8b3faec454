"""A running meeting through the API."""

from typing import Any

import pytest
from support.server import RunningServer, Tenant

from moothall.engine import Applicant, LiveTrack


@pytest.fixture
async def room(acme: Tenant) -> dict[str, Any]:
    return await acme.create_room(
        type="long_term", expires_at="2026-12-24T18:00:00Z", join_approval_level="explicit_approval"
    )


async def _wait(server: RunningServer, room: dict[str, Any], name: str = "Carol") -> str:
    """Somebody asks to be let in. Returns the waiting token."""
    response = await server.http.post("/page/join", json={"meeting_code": room["meeting_code"], "name": name})
    assert response.status_code == 202, response.text
    token: str = response.json()["lobby_token"]
    return token


async def _live(tenant: Tenant, room: dict[str, Any]) -> dict[str, Any]:
    response = await tenant.get(f"/rooms/{room['id']}/live")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def test_nothing_goes_on_in_an_empty_room(acme: Tenant, room: dict[str, Any]):
    assert await _live(acme, room) == {"room_id": room["id"], "session": None, "participants": [], "waiting": []}


async def test_the_live_room_shows_people_tracks_and_who_waits(
    server: RunningServer, acme: Tenant, room: dict[str, Any]
):
    await server.engine.join(room["id"], "ada", name="Ada", role="owner")
    await server.engine.join(room["id"], "bob", name="Bob")
    server.engine.published[room["id"]] = [LiveTrack("bob", "TR_1", "audio", "microphone", muted=True)]
    await _wait(server, room)

    live = await _live(acme, room)

    assert live["session"]["started_at"] == "2026-11-22T12:00:00.000Z"
    ada, bob = live["participants"]
    assert ada == {
        "participant_id": "ada",
        "name": "Ada",
        "type": "Owner",
        "is_host": True,
        "joined_at": "2026-11-22T12:00:00.000Z",
        "tracks": [],
    }
    assert bob["tracks"] == [{"id": "TR_1", "kind": "audio", "source": "microphone", "muted": True}]
    assert [one["name"] for one in live["waiting"]] == ["Carol"]


async def test_the_list_of_live_sessions_counts_who_is_inside_and_who_waits(
    server: RunningServer, acme: Tenant, globex: Tenant, room: dict[str, Any]
):
    over, other, foreign = await acme.create_room(), await acme.create_room(), await globex.create_room()
    for one in (over, room, other, foreign):
        await server.engine.join(one["id"], f"ada-{one['id']}", name="Ada", role="owner")
    await server.engine.leave(over["id"], f"ada-{over['id']}")
    await server.engine.join(room["id"], "bob", name="Bob")
    await server.engine.join(room["id"], "cleo", name="Cleo")
    await server.engine.leave(room["id"], "cleo")
    await _wait(server, room)

    first = (await acme.get("/live?limit=1")).json()
    rest = (await acme.get(f"/live?limit=1&after={first['after']}")).json()
    end = (await acme.get(f"/live?after={rest['after']}")).json()

    assert first["_embedded"] == [
        {
            "session_id": (await _live(acme, room))["session"]["id"],
            "room_id": room["id"],
            "display_name": room["display_name"],
            "started_at": "2026-11-22T12:00:00.000Z",
            "participants": 2,
            "waiting": 1,
        }
    ]
    assert [(one["room_id"], one["participants"], one["waiting"]) for one in rest["_embedded"]] == [(other["id"], 1, 0)]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert (end["_embedded"], end["after"]) == ([], rest["after"])
    assert (await acme.get("/live?limit=501")).status_code == 400


async def test_ending_sends_everybody_away_and_keeps_the_room(
    server: RunningServer, acme: Tenant, room: dict[str, Any]
):
    await server.engine.join(room["id"], "ada")

    assert (await acme.post(f"/rooms/{room['id']}/live/end")).status_code == 204
    assert (await acme.post(f"/rooms/{room['id']}/live/end")).status_code == 204

    assert (await _live(acme, room))["session"] is None
    assert (await acme.get(f"/rooms/{room['id']}")).json()["is_available"] is True


async def test_a_removed_participant_is_out_and_stays_out(server: RunningServer, acme: Tenant, room: dict[str, Any]):
    await server.engine.join(room["id"], "ada")
    await server.engine.join(room["id"], "bob")

    assert (await acme.post(f"/rooms/{room['id']}/live/participants/bob/remove")).status_code == 204

    assert [one["participant_id"] for one in (await _live(acme, room))["participants"]] == ["ada"]
    assert getattr(await server.server.meeting.gate.ask(Applicant(room["id"], "bob")), "reason", None) == "removed"
    assert (await acme.post(f"/rooms/{room['id']}/live/participants/bob/remove")).status_code == 404


@pytest.mark.parametrize(
    ("tracks", "muted"), [("audio", {"TR_1", "TR_3"}), ("video", {"TR_2", "TR_3"}), ("ALL", {"TR_1", "TR_2", "TR_3"})]
)
async def test_tracks_are_muted_by_kind(
    server: RunningServer, acme: Tenant, room: dict[str, Any], tracks: str, muted: set[str]
):
    await server.engine.join(room["id"], "ada")
    await server.engine.join(room["id"], "bob")
    server.engine.published[room["id"]] = [
        LiveTrack("bob", "TR_1", "audio", "microphone", muted=False),
        LiveTrack("bob", "TR_2", "video", "camera", muted=False),
        LiveTrack("bob", "TR_3", "video", "screen_share", muted=True),
        LiveTrack("ada", "TR_4", "audio", "microphone", muted=False),
    ]

    response = await acme.post(f"/rooms/{room['id']}/live/participants/bob/mute", json={"tracks": tracks})

    assert response.json() == {"muted": len(muted) - 1}
    assert {track.track_sid for track in await server.engine.tracks(room["id"]) if track.muted} == muted


async def test_what_to_mute_is_checked(server: RunningServer, acme: Tenant, room: dict[str, Any]):
    await server.engine.join(room["id"], "bob")
    path = f"/rooms/{room['id']}/live/participants/bob/mute"

    for body in ({}, {"tracks": "smell"}, {"tracks": "audio", "muted": False}):
        assert (await acme.post(path, json=body)).status_code == 400, body
    nobody = await acme.post(f"/rooms/{room['id']}/live/participants/eve/mute", json={"tracks": "all"})
    assert nobody.status_code == 404


@pytest.mark.parametrize(("answer", "status"), [("admit", "admitted"), ("deny", "denied")])
async def test_the_application_answers_who_waits(
    server: RunningServer, acme: Tenant, room: dict[str, Any], answer: str, status: str
):
    token = await _wait(server, room)
    (waiting,) = (await _live(acme, room))["waiting"]

    path = f"/rooms/{room['id']}/live/waiting/{waiting['participant_id']}/{answer}"
    assert (await acme.post(path)).status_code == 204

    told = await server.http.post("/page/waiting", json={"lobby_token": token})
    assert told.json()["status"] == status
    assert (await acme.post(path)).status_code == 404
    assert (await _live(acme, room))["waiting"] == []


async def test_another_application_finds_no_room(
    server: RunningServer, acme: Tenant, globex: Tenant, room: dict[str, Any]
):
    await server.engine.join(room["id"], "bob")
    await _wait(server, room)
    (waiting,) = (await _live(acme, room))["waiting"]
    live = f"/rooms/{room['id']}/live"

    assert (await globex.get(live)).status_code == 404
    for call in ("end", "participants/bob/remove", f"waiting/{waiting['participant_id']}/admit"):
        assert (await globex.post(f"{live}/{call}")).status_code == 404, call
    assert (await globex.post(f"{live}/participants/bob/mute", json={"tracks": "all"})).status_code == 404
    assert len((await _live(acme, room))["participants"]) == 1
    assert len((await _live(acme, room))["waiting"]) == 1

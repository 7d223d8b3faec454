"""The page's calls with which hosts mute people and take rights from guests."""

import json
from typing import Any

import pytest
from support.page import Inside, Page
from support.server import RunningServer, Tenant

from moothall.engine import Admission, Applicant, LiveTrack
from moothall.meeting.notices import ROOM_TOPIC

ALL = ("camera", "microphone", "screen_share", "screen_share_audio")


async def _do(page: Page, who: Inside, call: str, body: Any) -> None:
    response = await page.post(call, body, headers=who.headers)
    assert response.status_code == 204, response.text


async def _state(page: Page, who: Inside) -> dict[str, Any]:
    read = (await page.post("feed", {"feed": "state"}, headers=who.headers)).json()
    return {entry["key"]: entry["value"] for entry in read["entries"] if entry["value"] is not None}


def _notices(page: Page) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    return [(one.to, json.loads(one.payload)) for one in page.engine.sent if one.topic == ROOM_TOPIC]


def _publish(page: Page, who: Inside, *sources: str) -> None:
    tracks = page.engine.published.setdefault(page.room.id, [])
    for source in sources:
        kind = "audio" if source in ("microphone", "screen_share_audio") else "video"
        tracks.append(LiveTrack(who.id, f"TR_{source}_{who.id}", kind, source, muted=False))


async def _published(page: Page, who: Inside) -> dict[str, bool]:
    """By source whether it is muted."""
    return {one.source: one.muted for one in await page.engine.tracks(page.room.id) if one.identity == who.id}


@pytest.fixture
async def grace(page: Page) -> Inside:
    """The host."""
    return await page.enter("Grace", page.host_token)


async def test_what_is_taken_from_guests_ends_at_once_and_holds_for_those_who_come_later(
    page: Page, grace: Inside
) -> None:
    ada = await page.enter("Ada")
    _publish(page, ada, "microphone", "camera")
    _publish(page, grace, "microphone")

    await _do(page, grace, "permissions", {"microphone": False, "screen_share": False})

    assert await _published(page, ada) == {"camera": False}
    assert await _published(page, grace) == {"microphone": False}
    bob = await page.enter("Bob")
    assert page.engine.limits == {ada.id: ("camera",), grace.id: None, bob.id: ("camera",)}
    # Asked before the first packet of a new connection, so that nobody publishes for a moment.
    applicant = Applicant(page.room.id, bob.id, attributes={"role": "guest"})
    assert await page.meeting.gate.ask(applicant) == Admission(("camera",))
    host = Applicant(page.room.id, grace.id, attributes={"role": "owner"})
    assert await page.meeting.gate.ask(host) == Admission()
    by = {"participant_id": grace.id, "name": "Grace"}
    rights = {"microphone": False, "camera": True, "screen_share": False, "chat": True, "reactions": True}
    rights |= {"one_share_at_a_time": False}
    assert (await _state(page, bob))["permissions"] == {**rights, "by": by}

    await _do(page, grace, "permissions", {"microphone": True, "screen_share": True})
    assert page.engine.limits == dict.fromkeys([ada.id, grace.id, bob.id])


async def test_one_person_is_let_speak_and_stopped_again(page: Page, grace: Inside) -> None:
    ada, bob = await page.enter("Ada"), await page.enter("Bob")
    await _do(page, grace, "permissions", {"microphone": False, "camera": False})
    await _do(page, grace, "allow", {"participant_id": ada.id, "rights": ["microphone"]})

    shared = ("screen_share", "screen_share_audio")
    assert page.engine.limits == {ada.id: ("microphone", *shared), bob.id: shared, grace.id: None}
    await _do(page, grace, "allow", {"participant_id": ada.id, "rights": []})
    assert page.engine.limits[ada.id] == shared

    unknown = await page.post("allow", {"participant_id": "nobody", "rights": ["chat"]}, headers=grace.headers)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_participant")


async def test_only_hosts_write_where_guests_may_not(page: Page, grace: Inside) -> None:
    ada = await page.enter("Ada")
    await _do(page, grace, "permissions", {"chat": False})

    refused = await page.post("chat", {"message": "hello"}, headers=ada.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    assert (await page.post("chat", {"message": "hello"}, headers=grace.headers)).status_code == 201
    await _do(page, grace, "allow", {"participant_id": ada.id, "rights": ["chat"]})
    assert (await page.post("chat", {"message": "hello"}, headers=ada.headers)).status_code == 201


async def test_one_is_muted_and_reads_by_whom(page: Page, grace: Inside) -> None:
    ada = await page.enter("Ada")
    _publish(page, ada, "microphone", "camera", "screen_share", "screen_share_audio")
    by = {"participant_id": grace.id, "name": "Grace"}

    await _do(page, grace, "mute", {"participant_id": ada.id, "source": "microphone"})
    await _do(page, grace, "mute", {"participant_id": ada.id, "source": "microphone"})
    assert _notices(page) == [((ada.id,), {"type": "muted", "source": "microphone", "by": by})]
    assert await _published(page, ada) == {
        "microphone": True,
        "camera": False,
        "screen_share": False,
        "screen_share_audio": False,
    }

    await _do(page, grace, "mute", {"participant_id": ada.id, "source": "screen_share"})
    assert await _published(page, ada) == {"microphone": True, "camera": False}
    # And may share again.
    assert page.engine.limits[ada.id] is None


async def test_everybody_else_is_muted_and_may_or_may_not_unmute(page: Page, grace: Inside) -> None:
    heidi, ada, bob = [
        await page.enter(name, token) for name, token in (("Heidi", page.host_token), ("Ada", None), ("Bob", None))
    ]
    for person in (grace, heidi, ada):
        _publish(page, person, "microphone")

    await _do(page, grace, "mute-all", {"source": "microphone"})
    muted = [await _published(page, person) for person in (grace, heidi, ada, bob)]
    assert muted == [{"microphone": False}, {"microphone": True}, {"microphone": True}, {}]
    ((to, notice),) = _notices(page)
    assert (set(to), notice["by"]["name"]) == ({heidi.id, ada.id}, "Grace")
    assert page.engine.limits == {}

    await _do(page, grace, "mute-all", {"source": "microphone", "lock": True})
    assert (await _state(page, ada))["permissions"]["microphone"] is False
    assert page.engine.limits[bob.id] == ("camera", "screen_share", "screen_share_audio")
    assert page.engine.limits[heidi.id] is None


async def test_asking_to_unmute_opens_nothing_and_is_not_a_nuisance(page: Page, grace: Inside) -> None:
    ada = await page.enter("Ada")
    ask = {"participant_id": ada.id, "source": "microphone"}
    for _ in range(2):
        await _do(page, grace, "ask-to-unmute", ask)
    by = {"participant_id": grace.id, "name": "Grace"}
    assert _notices(page) == [((ada.id,), {"type": "unmute_asked", "source": "microphone", "by": by})] * 2

    again = await page.post("ask-to-unmute", ask, headers=grace.headers)
    assert (again.status_code, again.json()["code"]) == (429, "too_many_requests")


async def test_two_hosts_with_opposite_wishes_end_with_the_later(page: Page, grace: Inside) -> None:
    heidi, ada = await page.enter("Heidi", page.host_token), await page.enter("Ada")
    for wish in (False, True, False):
        await _do(page, heidi if wish else grace, "permissions", {"camera": wish})

    assert "camera" not in (page.engine.limits[ada.id] or ALL)
    assert (await _state(page, ada))["permissions"]["by"]["name"] == "Grace"


async def test_one_screen_at_a_time_is_the_engine_s_to_hold_also_after_a_restart(page: Page, grace: Inside) -> None:
    await _do(page, grace, "permissions", {"one_share_at_a_time": True})
    assert page.engine.most_shares == {page.room.id: 1}
    page.engine.most_shares.clear()
    await page.enter("Ada")
    assert page.engine.most_shares == {page.room.id: 1}
    await _do(page, grace, "permissions", {"one_share_at_a_time": False})
    assert page.engine.most_shares == {page.room.id: None}


async def test_a_host_replaces_a_screen_and_its_owner_reads_by_whom(page: Page, grace: Inside) -> None:
    heidi, ada = await page.enter("Heidi", page.host_token), await page.enter("Ada")
    _publish(page, ada, "camera", "screen_share", "screen_share_audio")
    wanted = {"participant_ids": [ada.id]}

    bob = await page.enter("Bob")
    refused = await page.post("replace-shares", wanted, headers=bob.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    assert set(await _published(page, ada)) == {"camera", "screen_share", "screen_share_audio"}

    await _do(page, grace, "replace-shares", wanted)
    assert set(await _published(page, ada)) == {"camera"}
    by = {"participant_id": grace.id, "name": "Grace"}
    assert _notices(page) == [((ada.id,), {"type": "share_replaced", "by": by})]

    # The second of two hosts with the same question reads whose share it is by now.
    _publish(page, grace, "screen_share")
    late = await page.post("replace-shares", wanted, headers=heidi.headers)
    assert (late.status_code, late.json()["code"]) == (409, "share_changed")
    assert await _published(page, grace) == {"screen_share": False}


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("replace-shares", {"participant_ids": ["x"] * 17}),
        ("replace-shares", {"participant_ids": ["x" * 65]}),
        ("permissions", {"microphone": "no"}),
        ("permissions", {"hand": False}),
        ("allow", {"participant_id": "x", "rights": ["everything"]}),
        ("allow", {"participant_id": "x", "rights": ["chat"] * 6}),
        ("mute", {"participant_id": "x" * 65, "source": "microphone"}),
        ("mute", {"participant_id": "x", "source": "voice"}),
        ("mute-all", {"source": "microphone", "lock": 1}),
        ("ask-to-unmute", {"participant_id": "x", "source": "screen_share"}),
    ],
)
async def test_bodies_are_checked(page: Page, grace: Inside, call: str, body: Any) -> None:
    response = await page.post(call, body, headers=grace.headers)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")


async def test_the_application_says_what_guests_may(server: RunningServer, acme: Tenant) -> None:
    room = await acme.create_room()
    live = f"/rooms/{room['id']}/live"
    assert (await acme.post(f"{live}/permissions", json={"camera": False})).status_code == 404
    await server.engine.join(room["id"], "ada")
    assert (await acme.post(f"{live}/permissions", json={"camera": False})).status_code == 204

    may = (await acme.get(f"{live}/state")).json()["guests_may"]
    rights = {"microphone": True, "camera": False, "screen_share": True, "chat": True, "reactions": True}
    assert may == {**rights, "one_share_at_a_time": False}
    rights |= {"one_share_at_a_time": False}
    assert server.engine.limits["ada"] == ("microphone", "screen_share", "screen_share_audio")
    for wrong in ({"camera": None, "smell": True}, {"camera": "off"}):
        assert (await acme.post(f"{live}/permissions", json=wrong)).status_code == 400

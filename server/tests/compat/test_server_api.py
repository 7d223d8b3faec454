"""The stock ``livekit-api`` package administers rooms in which the stock Python client is."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from conftest import API_KEY, API_SECRET, MeetingServer
from livekit import api, rtc
from livekit.protocol import models as pb_models
from support.python_client import python_clients
from support.waiting import eventually

from moothall.livekit import limits

ROOM = "standup"
CAMERA = rtc.TrackSource.SOURCE_CAMERA


@pytest.fixture
async def livekit(server: MeetingServer) -> AsyncIterator[api.LiveKitAPI]:
    async with api.LiveKitAPI(server.url, API_KEY, API_SECRET) as client:
        yield client


async def refused(call: Any) -> tuple[str, int]:
    with pytest.raises(api.TwirpError) as caught:
        await call
    return caught.value.code, caught.value.status


async def test_rooms_are_created_listed_changed_and_deleted(server: MeetingServer, livekit: api.LiveKitAPI) -> None:
    made = await livekit.room.create_room(
        api.CreateRoomRequest(name=ROOM, metadata="agenda", empty_timeout=60, departure_timeout=7, max_participants=2)
    )
    assert (made.name, made.metadata, made.max_participants) == (ROOM, "agenda", 2)
    assert (made.empty_timeout, made.departure_timeout) == (60, 7)
    assert made.sid.startswith("RM_")

    async with python_clients(3) as (alice, bob, carol):
        await alice.join(server.url, server.token("alice"))
        assert alice.room.metadata == "agenda"
        assert await alice.room.sid == made.sid
        await bob.join(server.url, server.token("bob"))
        with pytest.raises(rtc.ConnectError, match="meeting_full"):
            await carol.join(server.url, server.token("carol"))

        (listed,) = (await livekit.room.list_rooms(api.ListRoomsRequest(names=[ROOM, "another"]))).rooms
        assert (listed.sid, listed.num_participants) == (made.sid, 2)
        assert not (await livekit.room.list_rooms(api.ListRoomsRequest(names=["another"]))).rooms

        changed = await livekit.room.update_room_metadata(api.UpdateRoomMetadataRequest(room=ROOM, metadata="minutes"))
        assert changed.metadata == "minutes"
        await eventually(lambda: alice.room.metadata == bob.room.metadata == "minutes")
        again = await livekit.room.create_room(api.CreateRoomRequest(name=ROOM, max_participants=9))
        assert (again.sid, again.metadata, again.max_participants) == (made.sid, "minutes", 9)

        await livekit.room.delete_room(api.DeleteRoomRequest(room=ROOM))
        await eventually(lambda: alice.saw("disconnected") and bob.saw("disconnected"))
        assert alice.saw("disconnected") == [rtc.DisconnectReason.ROOM_DELETED]
    assert not (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms


async def test_an_empty_room_is_kept_as_long_as_was_asked(server: MeetingServer, livekit: api.LiveKitAPI) -> None:
    await livekit.room.create_room(api.CreateRoomRequest(name="kept"))
    await livekit.room.create_room(api.CreateRoomRequest(name="short", empty_timeout=1))
    await livekit.room.create_room(api.CreateRoomRequest(name=ROOM, departure_timeout=1))

    async def names() -> set[str]:
        return {room.name for room in (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms}

    async def short_is_gone() -> bool:
        return await names() == {"kept", ROOM}

    await eventually(short_is_gone)
    async with python_clients(1) as (alice,):
        await alice.join(server.url, server.token("alice"))
        await alice.leave()

    async def left_is_gone() -> bool:
        return await names() == {"kept"}

    await eventually(left_is_gone)


async def test_participants_are_listed_changed_and_removed(server: MeetingServer, livekit: api.LiveKitAPI) -> None:
    async with python_clients(2) as (alice, bob):
        await alice.join(server.url, server.token("alice", attributes={"role": "guest"}))
        await bob.join(server.url, server.token("bob"))
        await eventually(lambda: "alice" in bob.room.remote_participants)

        listed = (await livekit.room.list_participants(api.ListParticipantsRequest(room=ROOM))).participants
        assert {one.identity for one in listed} == {"alice", "bob"}
        got = await livekit.room.get_participant(api.RoomParticipantIdentity(room=ROOM, identity="alice"))
        assert got in listed
        assert got.state == pb_models.ParticipantInfo.ACTIVE

        updated = await livekit.room.update_participant(
            api.UpdateParticipantRequest(
                room=ROOM, identity="alice", name="Alice II", metadata="queen", attributes={"role": "", "hand": "up"}
            )
        )
        assert (updated.name, updated.metadata, dict(updated.attributes)) == ("Alice II", "queen", {"hand": "up"})
        seen = bob.room.remote_participants["alice"]
        await eventually(
            lambda: (seen.name, seen.metadata, dict(seen.attributes)) == ("Alice II", "queen", {"hand": "up"})
        )

        await livekit.room.remove_participant(api.RoomParticipantIdentity(room=ROOM, identity="alice"))
        await eventually(lambda: alice.saw("disconnected"))
        assert alice.saw("disconnected") == [rtc.DisconnectReason.PARTICIPANT_REMOVED]
        assert await refused(
            livekit.room.remove_participant(api.RoomParticipantIdentity(room=ROOM, identity="alice"))
        ) == ("not_found", 404)


async def test_tracks_are_muted_and_subscribed_for_somebody(server: MeetingServer, livekit: api.LiveKitAPI) -> None:
    async with python_clients(2) as (alice, bob):
        await alice.join(server.url, server.token("alice"))
        await bob.join(server.url, server.token("bob"), auto_subscribe=False)
        await alice.publish()
        camera = await eventually(lambda: bob.publication("alice", CAMERA))
        assert camera is not None
        wanted = api.UpdateSubscriptionsRequest(room=ROOM, identity="bob", track_sids=[camera.sid], subscribe=True)

        await livekit.room.update_subscriptions(wanted)
        await bob.sees("alice")

        wanted.subscribe = False
        await livekit.room.update_subscriptions(wanted)
        live = server.engine._rooms.get(ROOM)
        participant = live.room.find_participant("bob") if live is not None else None
        assert participant is not None
        assert not participant.subscribed
        wanted.identity = "nobody"
        assert await refused(livekit.room.update_subscriptions(wanted)) == ("not_found", 404)

        mute = api.MuteRoomTrackRequest(room=ROOM, identity="alice", track_sid=camera.sid, muted=True)
        answer = await livekit.room.mute_published_track(mute)
        assert (answer.track.sid, answer.track.muted) == (camera.sid, True)
        await eventually(lambda: bob.saw("track_muted"))
        mute.muted = False
        assert await refused(livekit.room.mute_published_track(mute)) == ("failed_precondition", 412)
        mute.track_sid = "TR_nothing"
        assert await refused(livekit.room.mute_published_track(mute)) == ("not_found", 404)


async def test_permission_taken_away_ends_what_it_allowed(server: MeetingServer, livekit: api.LiveKitAPI) -> None:
    async with python_clients(2) as (alice, bob):
        await alice.join(server.url, server.token("alice"))
        await bob.join(server.url, server.token("bob"))
        await alice.publish()
        await bob.sees("alice")

        permission = pb_models.ParticipantPermission(can_subscribe=True, can_publish_data=True)
        answer = await livekit.room.update_participant(
            api.UpdateParticipantRequest(room=ROOM, identity="alice", permission=permission)
        )

        assert answer.permission == permission
        assert not answer.tracks
        await eventually(lambda: len(bob.saw("track_unsubscribed")) == 2)
        assert alice.camera is not None
        with pytest.raises(rtc.participant.PublishTrackError):
            await alice.room.local_participant.publish_track(alice.camera)


async def test_data_reaches_all_or_those_named(server: MeetingServer, livekit: api.LiveKitAPI) -> None:
    async with python_clients(2) as (alice, bob):
        await alice.join(server.url, server.token("alice"))
        await bob.join(server.url, server.token("bob"))
        await eventually(lambda: "alice" in bob.room.remote_participants and "bob" in alice.room.remote_participants)

        to_bob = api.SendDataRequest(room=ROOM, data=b"for bob", topic="note", destination_identities=["bob"])
        to_alice = api.SendDataRequest(
            room=ROOM, data=b"for alice", topic="note", destination_sids=[alice.room.local_participant.sid]
        )
        to_all = api.SendDataRequest(room=ROOM, data=b"for all", topic="note")
        for request in (to_bob, to_alice, to_all):
            await livekit.room.send_data(request)

        for one, name in ((alice, "alice"), (bob, "bob")):
            await eventually(lambda one=one: len(one.messages) == 2)
            assert [packet.data for packet in one.messages] == [f"for {name}".encode(), b"for all"]
            assert {(packet.topic, packet.participant) for packet in one.messages} == {("note", None)}


async def test_methods_of_livekit_cloud_are_unimplemented(livekit: api.LiveKitAPI) -> None:
    move = api.MoveParticipantRequest(room=ROOM, identity="alice", destination_room="other")
    forward = api.ForwardParticipantRequest(room=ROOM, identity="alice", destination_room="other")

    assert await refused(livekit.room.move_participant(move)) == ("unimplemented", 501)
    assert await refused(livekit.room.forward_participant(forward)) == ("unimplemented", 501)
    assert await refused(livekit.egress.list_egress(api.ListEgressRequest())) == ("bad_route", 404)


def _every_method(room: Any) -> dict[str, Any]:
    """Each method's name and a call of it.

    All about a room that is there and somebody who is not.
    """
    nobody = api.RoomParticipantIdentity(room=ROOM, identity="nobody")
    return {
        "create": lambda: room.create_room(api.CreateRoomRequest(name=ROOM)),
        "list": lambda: room.list_rooms(api.ListRoomsRequest()),
        "delete": lambda: room.delete_room(api.DeleteRoomRequest(room="another")),
        "participants": lambda: room.list_participants(api.ListParticipantsRequest(room=ROOM)),
        "participant": lambda: room.get_participant(nobody),
        "remove": lambda: room.remove_participant(nobody),
        "mute": lambda: room.mute_published_track(api.MuteRoomTrackRequest(room=ROOM, identity="nobody")),
        "update": lambda: room.update_participant(api.UpdateParticipantRequest(room=ROOM, identity="nobody")),
        "subscriptions": lambda: room.update_subscriptions(
            api.UpdateSubscriptionsRequest(room=ROOM, identity="nobody")
        ),
        "data": lambda: room.send_data(api.SendDataRequest(room=ROOM)),
        "metadata": lambda: room.update_room_metadata(api.UpdateRoomMetadataRequest(room=ROOM, metadata="x")),
    }


@pytest.mark.parametrize(
    ("key", "secret"), [("another", API_SECRET), (API_KEY, "another secret of more than thirty-two characters")]
)
async def test_no_method_answers_to_a_wrong_key(server: MeetingServer, key: str, secret: str) -> None:
    async with api.LiveKitAPI(server.url, key, secret) as stranger:
        for name, call in _every_method(stranger.room).items():
            assert await refused(call()) == ("unauthenticated", 401), name
    assert server.engine.room_infos() == []


async def _post(server: MeetingServer, method: str, token: str | None, body: bytes, kind: str = "json") -> Any:
    url = server.url.replace("ws", "http", 1) + f"/twirp/livekit.RoomService/{method}"
    headers = {"Content-Type": f"application/{kind}"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return answer.status, json.loads(await answer.read())


def _token(ttl: float = 60.0, **grants: Any) -> str:
    token = api.AccessToken(API_KEY, API_SECRET).with_identity("server").with_grants(api.VideoGrants(**grants))
    return token.with_ttl(dt.timedelta(seconds=ttl)).to_jwt()


_NEEDED: dict[str, dict[str, Any]] = {
    "CreateRoom": {"room_create": True},
    "DeleteRoom": {"room_create": True},
    "ListRooms": {"room_list": True},
    **{
        method: {"room_admin": True, "room": ROOM}
        for method in (
            "ListParticipants",
            "GetParticipant",
            "RemoveParticipant",
            "MutePublishedTrack",
            "UpdateParticipant",
            "UpdateSubscriptions",
            "SendData",
            "UpdateRoomMetadata",
            "ForwardParticipant",
            "MoveParticipant",
            "PerformRpc",
        )
    },
}
_ALL_GRANTS = [
    {"room_create": True},
    {"room_list": True},
    {"room_admin": True, "room": ROOM},
    {"room_admin": True, "room": "another"},
    {"room_admin": True},
    {"room_join": True, "room": ROOM},
    {},
]


@pytest.mark.parametrize("method", _NEEDED)
async def test_a_method_asks_for_its_grant_and_for_that_room(server: MeetingServer, method: str) -> None:
    body = json.dumps({"room": ROOM, "name": ROOM, "identity": "nobody"}).encode()
    refusal = (401, {"code": "unauthenticated", "msg": "permissions denied"})

    for grants in _ALL_GRANTS:
        answer = await _post(server, method, _token(**grants), body)
        assert (answer == refusal) is (grants != _NEEDED[method]), grants


async def test_tokens_that_prove_nothing_are_refused_without_being_quoted(server: MeetingServer) -> None:
    admin = {"room_list": True}
    expired, good = _token(ttl=-120, **admin), _token(**admin)
    for token in (None, "", "nonsense", expired, good[:-2]):
        status, error = await _post(server, "ListRooms", token, b"{}")
        assert (status, error["code"]) == (401, "unauthenticated")
        assert "eyJ" not in error["msg"]

    assert await _post(server, "ListRooms", good, b"{}") == (200, {"rooms": []})


async def test_json_has_the_names_of_the_proto_file_and_all_fields(server: MeetingServer) -> None:
    token = _token(room_create=True)

    status, room = await _post(server, "CreateRoom", token, b'{"name": "standup", "maxParticipants": 3, "later": 1}')

    assert status == 200
    assert (room["name"], room["max_participants"], room["num_participants"]) == ("standup", 3, 0)


@pytest.mark.parametrize(
    ("method", "body", "kind", "expected"),
    [
        ("ListRooms", b"{", "json", (400, "malformed")),
        ("ListRooms", b'{"names": 7}', "json", (400, "malformed")),
        ("ListRooms", b"\x0a\xff", "protobuf", (400, "malformed")),
        ("ListRooms", b"x" * (limits.MAX_API_BODY_BYTES + 1), "json", (400, "malformed")),
        ("ListRooms", b"{}", "xml", (404, "bad_route")),
        ("DropTables", b"{}", "json", (404, "bad_route")),
        ("CreateRoom", b"{}", "json", (400, "invalid_argument")),
        ("CreateRoom", json.dumps({"name": "r" * 257}).encode(), "json", (400, "invalid_argument")),
        ("CreateRoom", json.dumps({"name": "r", "metadata": "m" * 65_537}).encode(), "json", (400, "invalid_argument")),
        ("DeleteRoom", b'{"room": "nowhere"}', "json", (404, "not_found")),
        ("UpdateRoomMetadata", b'{"room": "standup", "metadata": "x"}', "json", (404, "not_found")),
        ("SendData", b'{"room": "standup"}', "json", (404, "not_found")),
        ("GetParticipant", b'{"room": "standup", "identity": "nobody"}', "json", (404, "not_found")),
    ],
)
async def test_what_cannot_be_done_is_said_as_twirp_says_it(
    server: MeetingServer, method: str, body: bytes, kind: str, expected: tuple[int, str]
) -> None:
    token = _token(room_create=True, room_list=True, room_admin=True, room=ROOM)

    status, error = await _post(server, method, token, body, kind)

    assert (status, error["code"]) == expected
    assert error["msg"]


async def test_no_more_rooms_are_kept_for_nobody_than_allowed(
    server: MeetingServer, livekit: api.LiveKitAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_PREPARED_ROOMS", 2)
    await asyncio.gather(*(livekit.room.create_room(api.CreateRoomRequest(name=name)) for name in ("a", "b")))

    assert await refused(livekit.room.create_room(api.CreateRoomRequest(name="c"))) == ("resource_exhausted", 429)
    await livekit.room.create_room(api.CreateRoomRequest(name="a", metadata="again"))

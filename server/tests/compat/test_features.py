"""Features of LiveKit that ride on signalling and data packets, between stock clients."""

import asyncio
from typing import Any

import pytest
from conftest import API_KEY, API_SECRET, MeetingServer, OpenPage, serving
from livekit import api, rtc
from support.python_client import PythonClient, python_clients
from support.waiting import eventually
from test_browser_clients import hears, sees

from moothall.engine import ParticipantKind

CAMERA, MICROPHONE = rtc.TrackSource.SOURCE_CAMERA, rtc.TrackSource.SOURCE_MICROPHONE


def _own_master(identity: str, **grants: Any) -> str:
    """A token with which somebody may change its own name, metadata and attributes."""
    given = api.VideoGrants(room_join=True, room="standup", can_update_own_metadata=True, **grants)
    return api.AccessToken(API_KEY, API_SECRET).with_identity(identity).with_grants(given).to_jwt()


async def _know_each_other(*clients: PythonClient) -> None:
    await eventually(lambda: all(len(one.room.remote_participants) == len(clients) - 1 for one in clients))


async def test_name_metadata_and_attributes_of_oneself_reach_the_others(server: MeetingServer) -> None:
    async with python_clients(2) as (alice, bob):
        await alice.join(server.url, _own_master("alice"))
        await bob.join(server.url, server.token("bob"))
        await _know_each_other(alice, bob)
        me, seen = alice.room.local_participant, bob.room.remote_participants["alice"]

        await me.set_name("Alice of the meeting")
        await me.set_metadata("hello")
        await me.set_attributes({"hand": "up", "mood": "good"})
        await eventually(lambda: (seen.name, seen.metadata) == ("Alice of the meeting", "hello"))
        await eventually(lambda: dict(seen.attributes) == {"hand": "up", "mood": "good"})
        await me.set_attributes({"hand": ""})
        await eventually(lambda: dict(seen.attributes) == {"mood": "good"})

        # Changes that the meeting did not grant have no effect; this SDK hides the refusal.
        await bob.room.local_participant.set_metadata("mine")
        await bob.room.local_participant.publish_data("done", reliable=True)
        await eventually(lambda: alice.messages)
        assert alice.room.remote_participants["bob"].metadata == ""


async def test_what_one_changed_outlives_a_full_reconnect(server: MeetingServer, open_page: OpenPage) -> None:
    page = await open_page(server, "bob", media=False)
    async with python_clients(1) as (alice,):
        await alice.join(server.url, server.token("alice"))
        assert await server.engine.update_participant("standup", "bob", attributes={"hand": "up"})
        await eventually(lambda: alice.room.remote_participants["bob"].attributes.get("hand") == "up")

        await page.evaluate("room.simulateScenario('full-reconnect')")
        await eventually(lambda: alice.saw("participant_disconnected"))

        await eventually(lambda: "bob" in alice.room.remote_participants)
        assert dict(alice.room.remote_participants["bob"].attributes) == {"hand": "up"}


async def test_a_publisher_chooses_who_may_have_its_tracks(server: MeetingServer) -> None:
    async with python_clients(3) as (alice, bob, carol):
        for one, name in ((alice, "alice"), (bob, "bob"), (carol, "carol")):
            await one.join(server.url, server.token(name))
        await _know_each_other(alice, bob, carol)
        await alice.publish()
        await bob.sees("alice")
        await carol.sees("alice")

        only_carol = rtc.ParticipantTrackPermission(participant_identity="carol", allow_all=True)
        me = alice.room.local_participant
        me.set_track_subscription_permissions(allow_all_participants=False, participant_permissions=[only_carol])
        live = server.engine._rooms.get("standup")
        assert live is not None
        found = live.room.find_participant("bob")
        assert found is not None
        await eventually(lambda: not found.subscribed)
        await carol.sees("alice")

        me.set_track_subscription_permissions(allow_all_participants=True, participant_permissions=[])
        await eventually(lambda: len(found.subscribed) == 2)
        await bob.sees("alice")


async def test_a_page_is_told_of_a_track_it_may_not_have(server: MeetingServer, open_page: OpenPage) -> None:
    page = await open_page(server, "bob", media=False)
    await page.evaluate(
        "room.on('trackSubscriptionPermissionChanged', (one, status) => log.push(['Permission', one.source, status]))"
    )
    async with python_clients(1) as (alice,):
        await alice.join(server.url, server.token("alice"))
        await alice.publish()
        await sees(page, "alice")

        me = alice.room.local_participant
        me.set_track_subscription_permissions(allow_all_participants=False, participant_permissions=[])

        async def refused() -> list[str]:
            said = [entry for entry in await page.evaluate("log") if entry[0] == "Permission"]
            return sorted(entry[1] for entry in said if entry[2] == "not_allowed")

        async def refused_both() -> bool:
            return await refused() == ["camera", "microphone"]

        await eventually(refused_both)
        me.set_track_subscription_permissions(allow_all_participants=True, participant_permissions=[])
        await sees(page, "alice")


async def test_page_and_python_call_each_other_and_stream_text_and_files(
    server: MeetingServer, open_page: OpenPage
) -> None:
    page = await open_page(server, "alice", media=False)
    async with python_clients(1) as (bob,):
        await bob.join(server.url, server.token("bob"))
        await eventually(lambda: page.evaluate("remote('bob') !== undefined"))
        await eventually(lambda: "alice" in bob.room.remote_participants)
        me = bob.room.local_participant

        async def greet(data: rtc.RpcInvocationData) -> str:
            return f"{data.caller_identity} says {data.payload}"

        me.register_rpc_method("greet", greet)
        call = "room.localParticipant.performRpc({destinationIdentity: 'bob', method: 'greet', payload: 'hello'})"
        assert await page.evaluate(call) == "alice says hello"
        await page.evaluate("room.registerRpcMethod('add', async (data) => String(Number(data.payload) + 1)), null")
        assert await me.perform_rpc(destination_identity="alice", method="add", payload="41") == "42"
        with pytest.raises(rtc.RpcError, match="not supported"):
            await me.perform_rpc(destination_identity="alice", method="nothing", payload="")

        await page.evaluate(
            """() => {
                window.texts = [];
                window.files = [];
                room.registerTextStreamHandler('notes', async (reader, from) => texts.push([await reader.readAll(), from.identity]));
                room.registerByteStreamHandler('files', async (reader) => {
                    const chunks = await reader.readAll();
                    files.push([reader.info.name, chunks.reduce((sum, chunk) => sum + chunk.length, 0)]);
                });
            }"""
        )
        text = "a long text, " * 5_000
        await me.send_text(text, topic="notes")
        await eventually(lambda: page.evaluate("texts.length > 0"))
        assert await page.evaluate("texts") == [[text, "bob"]]
        await me.send_bytes(b"x" * 100_000, name="large.bin", topic="files")
        await eventually(lambda: page.evaluate("files.length > 0"))
        assert await page.evaluate("files") == [["large.bin", 100_000]]

        back: list[str] = []
        read: list[rtc.TextStreamReader] = []
        bob.room.register_text_stream_handler("back", lambda reader, _who: read.append(reader))
        await page.evaluate("(text) => room.localParticipant.sendText(text, {topic: 'back'}).then(() => null)", text)
        await eventually(lambda: read)
        back.append(await read[0].read_all())
        assert back == [text]


async def test_transcriptions_reach_the_others_with_their_speaker(server: MeetingServer, open_page: OpenPage) -> None:
    page = await open_page(server, "alice", media=False)
    await page.evaluate(
        "room.on('transcriptionReceived', (segments, who) => log.push(['Said', who?.identity, ...segments.map((one) => one.text)]))"
    )
    async with python_clients(1) as (bob,):
        await bob.join(server.url, server.token("bob", kind=ParticipantKind.AGENT))
        await bob.publish()
        await hears(page, "bob")
        me = bob.room.local_participant
        sid = next(one.sid for one in me.track_publications.values() if one.source == MICROPHONE)
        segment = rtc.TranscriptionSegment(id="1", text="hello", start_time=0, end_time=1, language="en", final=True)

        await me.publish_transcription(rtc.Transcription(participant_identity="bob", track_sid=sid, segments=[segment]))

        async def said() -> list[Any]:
            return [entry for entry in await page.evaluate("log") if entry[0] == "Said"]

        assert await eventually(said) == [["Said", "bob", "hello"]]


async def test_room_metadata_reaches_a_page(server: MeetingServer, open_page: OpenPage) -> None:
    page = await open_page(server, "alice", media=False)
    async with api.LiveKitAPI(server.url, API_KEY, API_SECRET) as livekit:
        await livekit.room.update_room_metadata(api.UpdateRoomMetadataRequest(room="standup", metadata="agenda"))

    await eventually(lambda: page.evaluate("room.metadata === 'agenda'"))


@pytest.mark.parametrize(("asked", "got"), [("h264", "video/H264"), ("vp9", "video/VP9"), ("h265", "video/VP8")])
async def test_a_page_publishes_in_the_codec_it_asks_for_if_that_is_offered(
    server: MeetingServer, open_page: OpenPage, asked: str, got: str
) -> None:
    defaults = {"videoCodec": asked, "backupCodec": True}
    await open_page(server, "alice", publishDefaults=defaults)
    async with python_clients(1) as (bob,):
        await bob.join(server.url, server.token("bob"))

        await bob.sees("alice")

        camera = bob.publication("alice", CAMERA)
        assert camera is not None
        assert camera.mime_type == got


async def test_a_page_is_told_which_cameras_are_held_back(open_page: OpenPage) -> None:
    async with serving(cameras=1) as server:
        page = await open_page(server, "alice", media=False)
        await page.evaluate(
            "room.on('trackStreamStateChanged', (_, state, who) => log.push(['State', who.identity, state]))"
        )
        async with python_clients(2) as (bob, carol):
            for client, name in ((bob, "bob"), (carol, "carol")):
                await client.join(server.url, server.token(name))
                await client.publish()

            async def held_back() -> set[str]:
                return {
                    entry[1] for entry in await page.evaluate("log") if entry[0] == "State" and entry[2] == "paused"
                }

            (held,) = await eventually(held_back)
            seen = {"bob": "carol", "carol": "bob"}[held]
            await sees(page, seen)
            await hears(page, held)


async def test_what_is_said_while_somebody_is_on_its_way_in_is_heard(server: MeetingServer) -> None:
    async with python_clients(2) as (alice, bob):
        await alice.join(server.url, server.token("alice"))
        joining = asyncio.ensure_future(bob.join(server.url, server.token("bob")))  # noqa: TID251 - awaited below
        live = server.engine._rooms.get("standup")
        assert live is not None
        await eventually(lambda: live.room.find_participant("bob"))
        # Its transports cannot be up yet: that takes several messages more.
        await server.engine.send_data("standup", b"welcome", topic="chat")
        await joining

        await eventually(lambda: bob.messages)
        assert [packet.data for packet in bob.messages] == [b"welcome"]

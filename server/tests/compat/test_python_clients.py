"""Two unmodified Python ``livekit`` clients meet on our server."""

from conftest import MeetingServer
from livekit import rtc
from support.python_client import PythonClient, python_clients
from support.waiting import eventually

from moothall import engine

CAMERA, MICROPHONE = rtc.TrackSource.SOURCE_CAMERA, rtc.TrackSource.SOURCE_MICROPHONE


async def _meet(server: MeetingServer, alice: PythonClient, bob: PythonClient) -> None:
    await alice.join(server.url, server.token("alice"))
    await bob.join(server.url, server.token("bob"))


async def test_they_see_and_hear_each_other(server: MeetingServer) -> None:
    async with python_clients(2) as (alice, bob):
        await _meet(server, alice, bob)
        await alice.publish()
        await bob.publish()

        for one, other in ((alice, "bob"), (bob, "alice")):
            width, height = await one.sees(other)
            assert width * 9 == height * 16
            await one.hears(other)

    published = {(event.identity, event.source) for event in server.happened(engine.TrackPublished)}
    assert published == {(who, what) for who in ("alice", "bob") for what in ("camera", "microphone")}


async def test_they_message_each_other_reliably_and_lossily(server: MeetingServer) -> None:
    async with python_clients(2) as (alice, bob):
        await _meet(server, alice, bob)
        await eventually(lambda: "bob" in alice.room.remote_participants)

        for one, other, name in ((alice, bob, "alice"), (bob, alice, "bob")):
            for reliable in (True, False):
                await one.room.local_participant.publish_data(f"from {name}", reliable=reliable, topic="chat")
            await eventually(lambda other=other: len(other.messages) >= 2)
            assert {packet.data for packet in other.messages} == {f"from {name}".encode()}
            assert {packet.kind for packet in other.messages} == {
                rtc.DataPacketKind.KIND_RELIABLE,
                rtc.DataPacketKind.KIND_LOSSY,
            }
            assert {packet.participant.identity for packet in other.messages if packet.participant} == {name}
            other.messages.clear()


async def test_message_to_one_reaches_nobody_else(server: MeetingServer) -> None:
    async with python_clients(3) as (alice, bob, carol):
        await _meet(server, alice, bob)
        await carol.join(server.url, server.token("carol"))
        await eventually(lambda: len(alice.room.remote_participants) == 2)

        me = alice.room.local_participant
        await me.publish_data("secret", reliable=True, destination_identities=["bob"])
        await me.publish_data("public", reliable=True)
        await eventually(lambda: len(bob.messages) == 2 and carol.messages)

        assert [packet.data for packet in carol.messages] == [b"public"]
        assert not alice.messages


async def test_text_streams_and_calls_pass(server: MeetingServer) -> None:
    async with python_clients(2) as (alice, bob):
        await _meet(server, alice, bob)
        await eventually(lambda: "bob" in alice.room.remote_participants)
        await eventually(lambda: "alice" in bob.room.remote_participants)
        received: list[str] = []

        async def answer(data: rtc.RpcInvocationData) -> str:
            return f"{data.caller_identity} asked {data.payload}"

        bob.room.local_participant.register_rpc_method("ask", answer)
        reply = await alice.room.local_participant.perform_rpc(
            destination_identity="bob", method="ask", payload="why", response_timeout=20
        )
        assert reply == "alice asked why"

        def read(reader: rtc.TextStreamReader, _sender: str) -> None:
            bob._tasks.create_task(_collect(reader))

        async def _collect(reader: rtc.TextStreamReader) -> None:
            received.append(await reader.read_all())

        bob.room.register_text_stream_handler("notes", read)
        text = "a long text " * 4_000
        await alice.room.local_participant.send_text(text, topic="notes")
        await eventually(lambda: received)
        assert received == [text]


async def test_mute_unmute_and_unpublish_reach_the_other(server: MeetingServer) -> None:
    async with python_clients(2) as (alice, bob):
        await _meet(server, alice, bob)
        await alice.publish()
        assert alice.microphone is not None
        assert alice.camera is not None
        await bob.hears("alice")

        alice.microphone.mute()
        await eventually(lambda: bob.saw("track_muted"))
        alice.microphone.unmute()
        await eventually(lambda: bob.saw("track_unmuted"))
        await bob.hears("alice")

        await alice.room.local_participant.unpublish_track(alice.camera.sid)
        await eventually(lambda: bob.publication("alice", CAMERA) is None)
        assert bob.publication("alice", MICROPHONE) is not None
        gone = await eventually(lambda: server.happened(engine.TrackUnpublished))
        assert [event.source for event in gone] == ["camera"]


async def test_leaving_is_told_to_the_other_and_to_the_server(server: MeetingServer) -> None:
    async with python_clients(2) as (alice, bob):
        await _meet(server, alice, bob)
        await eventually(lambda: "alice" in bob.room.remote_participants)

        await alice.leave()

        await eventually(lambda: "alice" not in bob.room.remote_participants)
    await eventually(lambda: server.happened(engine.RoomFinished))
    left = [(event.identity, event.reason.value) for event in server.happened(engine.ParticipantLeft)]
    assert left == [("alice", "client_initiated"), ("bob", "client_initiated")]
    assert len(server.happened(engine.ParticipantJoined)) == 2


async def test_kick_and_end_for_all_say_why(server: MeetingServer) -> None:
    async with python_clients(2) as (alice, bob):
        await _meet(server, alice, bob)

        assert await server.engine.remove_participant("standup", "alice")
        await eventually(lambda: alice.saw("disconnected"))
        assert alice.saw("disconnected") == [rtc.DisconnectReason.PARTICIPANT_REMOVED]

        assert await server.engine.delete_room("standup")
        await eventually(lambda: bob.saw("disconnected"))
        assert bob.saw("disconnected") == [rtc.DisconnectReason.ROOM_DELETED]
    assert await server.engine.participants("standup") == []


async def test_second_connection_of_the_same_person_replaces_the_first(server: MeetingServer) -> None:
    async with python_clients(2) as (first, second):
        await first.join(server.url, server.token("alice"))
        await second.join(server.url, server.token("alice"))

        await eventually(lambda: first.saw("disconnected"))

        assert first.saw("disconnected") == [rtc.DisconnectReason.DUPLICATE_IDENTITY]
        assert await server.engine.participants("standup") == ["alice"]


async def test_server_message_reaches_everybody(server: MeetingServer) -> None:
    async with python_clients(2) as (alice, bob):
        await _meet(server, alice, bob)
        await eventually(lambda: len(server.happened(engine.ParticipantJoined)) == 2)

        await server.engine.send_data("standup", b"recording begins", topic="notice")

        for one in (alice, bob):
            packet = await eventually(lambda one=one: one.messages)
            assert (packet[0].data, packet[0].topic, packet[0].participant) == (b"recording begins", "notice", None)

"""The WebSocket driver and the embedded engine, on a fake SFU: sockets in, sockets out."""

import asyncio
import logging
import secrets
from typing import Any

import pytest
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from support.embedded import Wire, World
from support.waiting import eventually
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from moothall import engine
from moothall.engine import LiveTrack
from moothall.engines.embedded.redaction import redact_queries
from moothall.livekit import limits
from moothall.livekit.model import Permission
from moothall.livekit.server_requests import SettingsRequested
from moothall_sfu import messages


class TestConversation:
    async def test_join_offer_answer_and_token(self, world: World) -> None:
        async with world.socket() as wire:
            assert (await wire.next("join")).join.participant.name == "Alice"
            token = (await wire.next("refresh_token")).refresh_token
            offer = (await wire.next("offer")).offer
            await wire.answer(offer)
            await eventually(lambda: world.sfu.called("accept_answer"))

        assert world.engine.authenticate(token).identity == "alice"

    async def test_published_track_reaches_the_other_with_update_before_offer(self, world: World) -> None:
        async with world.inside("alice") as alice, world.inside("bob") as bob:
            track = await alice.publish("mic", "audio")
            ((_, mid, kind, *_),) = world.sfu.called("publish")
            assert (mid, kind) == ("0", "audio")
            handle = world.sfu._handles

            world.sfu.happens(messages.TrackLive(handle, "", "audio/opus"))

            order = []
            while "offer" not in order:
                message = pb.SignalResponse.FromString(await bob.connection.recv(decode=False))
                order.append(message.WhichOneof("message"))
                if order[-1] == "update":
                    tracks = [info.sid for one in message.update.participants for info in one.tracks]
            assert track in tracks
            assert "update" in order
            assert list(message.offer.mid_to_track_id.values()) == [track]
            ((_, subscribed, stream_id, track_id),) = world.sfu.called("subscribe")
            assert (subscribed, stream_id, track_id) == (handle, f"{alice.sid}|{track}", track)

    async def test_json_client_is_answered_in_json(self, world: World) -> None:
        async with world.socket() as wire:
            await wire.next("join")
            await wire.connection.send('{"pingReq": {"timestamp": "5"}}')
            async with asyncio.timeout(10):
                while isinstance(frame := await wire.connection.recv(), bytes):
                    pass

        assert '"lastPingTimestamp": "5"' in frame

    async def test_candidates_reach_the_sfu(self, world: World) -> None:
        async with world.socket() as wire:
            init = '{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdpMid":"0"}'
            await wire.say(trickle=pb.TrickleRequest(candidateInit=init, target=pb.SignalTarget.SUBSCRIBER))
            ((_, target, candidate),) = await eventually(lambda: world.sfu.called("add_candidate"))

        assert (target, candidate) == ("subscriber", "candidate:1 1 udp 1 192.0.2.1 9 typ host")

    async def test_simulated_bandwidth_reaches_the_sfu(self, world: World) -> None:
        async with world.inside("alice") as alice:
            await alice.say(simulate=pb.SimulateScenario(subscriber_bandwidth=150_000))

            await eventually(lambda: world.sfu.called("limit_video") == [(max(world.sfu.peers), 150_000)])

    async def test_who_asked_for_tcp_comes_back_to_it_alone_until_it_asks_for_udp(self, world: World) -> None:
        told = []
        for protocol in ("TCP", None, "UDP", None):
            async with world.socket() as alice:
                await alice.next("join")
                told.append(world.sfu.called("add_peer")[-1][2])
                if protocol is not None:
                    scenario = pb.SimulateScenario(switch_candidate_protocol=pb.CandidateProtocol.Value(protocol))
                    await alice.say(simulate=scenario)
                await alice.say(leave=pb.LeaveRequest())
                await alice.closed()
            # The room went with its only participant, and others are told of everything.
            assert await world.engine.participants("standup") == []
            async with world.socket("bob") as bob:
                await bob.next("join")
                assert not world.sfu.called("add_peer")[-1][2]
                await bob.say(leave=pb.LeaveRequest())
                await bob.closed()

        assert told == [False, True, True, False]

    async def test_data_crosses_with_its_true_sender(self, world: World) -> None:
        async with world.inside("alice") as alice, world.inside("bob"):
            sender, receiver = sorted(world.sfu.peers)
            packet = pb_models.DataPacket(participant_identity="eve", user=pb_models.UserPacket(payload=b"hi"))

            world.sfu.happens(messages.DataReceived(sender, True, packet.SerializeToString()))
            world.sfu.happens(messages.DataReceived(sender, True, b"\xff\xff not a packet"))
            world.sfu.happens(messages.DataReceived(sender, False, packet.SerializeToString()))

            sent = await eventually(lambda: len(world.sfu.called("send_data")) == 2 and world.sfu.called("send_data"))
            assert [(peers, reliable) for peers, reliable, _ in sent] == [((receiver,), True), ((receiver,), False)]
            relayed = pb_models.DataPacket.FromString(sent[0][2])
            assert (relayed.participant_identity, relayed.participant_sid) == ("alice", alice.sid)

    async def test_speakers_and_quality_reach_everybody(self, world: World) -> None:
        async with world.inside("alice") as alice, world.inside("bob") as bob:
            await alice.publish("mic", "audio")
            track, room = world.sfu._handles, next(iter(world.sfu.peers.values()))
            world.sfu.happens(messages.TrackLive(track, "", "audio/opus"))
            world.sfu.happens(messages.LevelsMeasured(room, [(track, 0.8)]))
            world.sfu.happens(messages.StatsMeasured(min(world.sfu.peers), loss=0.0, rtt_ms=10.0, jitter_ms=1.0))

            speaker = (await bob.next("speakers_changed")).speakers_changed.speakers[0]
            assert (speaker.sid, speaker.active) == (alice.sid, True)
            update = (await bob.next("connection_quality")).connection_quality.updates[0]
            assert (update.participant_sid, update.quality) == (alice.sid, pb_models.ConnectionQuality.EXCELLENT)

    async def test_socket_that_was_replaced_has_no_say_any_more(self, world: World) -> None:
        async with world.inside("alice") as old, world.socket("alice", reconnect="1", sid=old.sid) as new:
            await new.next("reconnect")
            assert await old.closed() == 1000
            assert await world.engine.participants("standup") == ["alice"]
            await new.say(leave=pb.LeaveRequest())
            await eventually(lambda: not world.sfu.peers)


class TestRules:
    async def test_kick_mute_rename_and_end(self, world: World) -> None:
        async with world.inside("alice") as alice, world.inside("bob") as bob:
            track = await bob.publish("mic", "audio")

            world.sfu.happens(messages.TrackLive(world.sfu._handles, "", "audio/opus"))
            (live,) = await eventually(lambda: world.engine.tracks("standup"))
            assert live == LiveTrack("bob", track, "audio", "microphone", muted=False)
            assert await world.engine.mute_track("standup", "bob", track, muted=True)
            assert (await bob.next("mute")).mute.sid == track
            assert [one.muted for one in await world.engine.tracks("standup")] == [True]
            assert await world.engine.tracks("nowhere") == []
            assert not await world.engine.mute_track("standup", "bob", track, muted=False)
            assert not await world.engine.mute_track("standup", "bob", "TR_other", muted=True)

            assert await world.engine.update_participant("standup", "bob", name="Robert", attributes={"role": "guest"})
            changed = (await alice.next("update")).update.participants[0]
            while changed.name != "Robert":
                changed = (await alice.next("update")).update.participants[0]
            assert dict(changed.attributes) == {"role": "guest"}

            assert await world.engine.change_permission("standup", "bob", Permission(can_publish=False))
            assert (await bob.next("track_unpublished")).track_unpublished.track_sid == track

            assert await world.engine.remove_participant("standup", "bob")
            assert (await bob.next("leave")).leave.reason == pb_models.DisconnectReason.PARTICIPANT_REMOVED
            assert await bob.closed() == 1000

            assert await world.engine.delete_room("standup")
            assert (await alice.next("leave")).leave.reason == pb_models.DisconnectReason.ROOM_DELETED

        assert not await world.engine.delete_room("standup")
        assert not await world.engine.remove_participant("standup", "bob")
        assert await world.engine.participants("standup") == []

    async def test_server_message_goes_to_those_named(self, world: World) -> None:
        async with world.inside("alice"), world.inside("bob"):
            await world.engine.send_data("standup", b"hi", topic="notice", to=["bob"])
            ((peers, reliable, _),) = world.sfu.called("send_data")
            assert (peers, reliable) == ((max(world.sfu.peers),), True)
            with pytest.raises(ValueError, match="at most"):
                await world.engine.send_data("standup", b"x" * 70_000, topic="notice")

    async def test_stop_asks_everybody_to_come_back_and_lets_nobody_in(self, world: World) -> None:
        async with world.inside("alice") as alice:
            await world.engine.stop()

            leave = (await alice.next("leave")).leave
            assert leave.action == pb.LeaveRequest.RECONNECT
            assert leave.reason == pb_models.DisconnectReason.SERVER_SHUTDOWN
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/rtc?{world.query()}")
        assert refused.value.response.status_code == 503
        assert [type(event) for event in world.events[-2:]] == [engine.ParticipantLeft, engine.RoomFinished]

    async def test_room_is_gone_from_the_sfu_when_the_last_one_left(self, world: World) -> None:
        async with world.inside("alice") as alice:
            await alice.say(leave=pb.LeaveRequest())
            await eventually(lambda: world.sfu.called("remove_room"))

        assert world.sfu.peers == {}

    async def test_crash_of_one_transport_costs_one_participant(self, world: World) -> None:
        async with world.inside("alice") as alice, world.inside("bob"):
            world.sfu.happens(messages.PeerCrashed(min(world.sfu.peers), "index out of bounds"))

            assert (await alice.next("leave")).leave.action == pb.LeaveRequest.RECONNECT
            assert await world.engine.participants("standup") == ["bob"]

    async def test_bug_in_one_room_leaves_the_others_alone(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        async with world.inside("alice") as alice:
            other = world.token("bob", room="elsewhere")
            async with connect(f"{world.url}/rtc?access_token={other}") as connection:
                bob = Wire(connection)
                await bob.next("join")
                room = world.live_room().room
                monkeypatch.setattr(room._publications, "mute", lambda *_arguments, **_options: 1 / 0)

                await alice.say(mute=pb.MuteTrackRequest(sid="TR_1", muted=True))

                assert (await alice.next("leave")).leave.action == pb.LeaveRequest.RECONNECT
                await bob.say(ping_req=pb.Ping(timestamp=1))
                await bob.next("pong_resp")
        assert isinstance(world.events[-1], engine.RoomFinished)


class TestHostileClients:
    async def _bad(self, world: World, *frames: bytes | str) -> tuple[int | None, pb.LeaveRequest]:
        """Return the fate of a client that sends these, while somebody else stays."""
        async with world.inside("bob") as bob, world.socket("mallory") as mallory:
            await mallory.next("join")
            for frame in frames:
                await mallory.connection.send(frame)
            leave = (await mallory.next("leave")).leave
            code = await mallory.closed()
            await bob.say(ping_req=pb.Ping(timestamp=1))
            await bob.next("pong_resp")
            assert await world.engine.participants("standup") == ["bob"]
        return code, leave

    async def test_garbage_closes_only_its_sender(self, world: World) -> None:
        code, leave = await self._bad(world, b"\xff\xff\xff\xff")

        assert (code, leave.action) == (1007, pb.LeaveRequest.DISCONNECT)

    async def test_oversized_message_closes_only_its_sender(self, world: World) -> None:
        code, _ = await self._bad(world, b"x" * (limits.MAX_MESSAGE_BYTES + 1))

        assert code == 1009

    async def test_flood_closes_only_its_sender(self, world: World) -> None:
        ping = pb.SignalRequest(ping_req=pb.Ping(timestamp=1)).SerializeToString()
        async with world.inside("bob") as bob, world.socket("mallory") as mallory:
            for _ in range(2 * limits.MAX_MESSAGE_BURST):
                await mallory.connection.send(ping)
            code = await mallory.closed()
            assert code == 1008
            await bob.say(ping_req=pb.Ping(timestamp=1))
            await bob.next("pong_resp")

    @pytest.mark.parametrize(
        "message",
        [
            {"offer": pb.SessionDescription(type="offer", sdp="v=0\r\nnonsense", id=1)},
            {"answer": pb.SessionDescription(type="answer", sdp="nonsense", id=1)},
        ],
    )
    async def test_broken_sdp_starts_only_its_sender_over(self, world: World, message: dict[str, Any]) -> None:
        async with world.inside("bob") as bob, world.socket("mallory") as mallory:
            await mallory.next("offer")
            await mallory.say(**message)
            leave = (await mallory.next("leave")).leave
            assert leave.action == pb.LeaveRequest.RECONNECT
            await bob.say(ping_req=pb.Ping(timestamp=1))
            await bob.next("pong_resp")

    async def test_slow_reader_is_cut_off_and_may_resume(self, world: World) -> None:
        async with world.inside("alice") as alice:
            client = world.live_room().connections[alice.sid]
            alice.connection.transport.pause_reading()
            for _ in range(5_000):
                if client.too_slow:
                    break
                # Random, because sockets compress.
                notice = secrets.token_hex(30_000)
                await world.engine.update_participant("standup", "alice", attributes={"notice": notice})
                await asyncio.sleep(0)

            assert client.too_slow
            await eventually(lambda: alice.sid not in world.live_room().connections)
            async with world.socket("alice", reconnect="1", sid=alice.sid) as resumed:
                await resumed.next("reconnect")
            alice.connection.transport.resume_reading()

    async def test_places_of_a_limited_room_are_given_once(self, world: World) -> None:
        world.engine.prepare_room("standup", SettingsRequested(max_participants=2, empty_timeout=60))

        async def arrives(number: int) -> str:
            try:
                async with world.socket(f"person{number}") as wire:
                    frame = await wire.connection.recv()
                    assert isinstance(frame, bytes)
                    said = pb.SignalResponse.FromString(frame).WhichOneof("message")
                    everybody.add(number)
                    await eventually(lambda: len(everybody) == 8)
                    return str(said)
            except InvalidStatus as refused:
                everybody.add(number)
                return str(refused.response.status_code)

        everybody: set[int] = set()
        outcomes = await asyncio.gather(*(arrives(number) for number in range(8)))

        assert outcomes.count("join") == 2
        assert set(outcomes) <= {"join", "leave", "403"}

    async def test_what_happens_to_many_at_once_is_told_in_one_message(self, world: World) -> None:
        async with world.inside("alice") as alice, world.inside("bob"):
            for number in range(200):
                assert await world.engine.update_participant("standup", "bob", name=f"Bob {number}")

            frames = 0
            name = ""
            while name != "Bob 199":
                update = (await alice.next("update")).update
                frames += 1
                name = update.participants[-1].name
        assert frames < 10

    async def test_no_token_is_ever_logged(self, world: World, caplog: pytest.LogCaptureFixture) -> None:
        redact_queries()
        caplog.set_level(logging.DEBUG)
        for name in ("uvicorn.access", "uvicorn.error", "uvicorn.asgi"):
            caplog.set_level(logging.INFO, name)

        async with world.inside("alice"):
            pass
        with pytest.raises(InvalidStatus):
            await connect(f"{world.url}/rtc/v1?{world.query()}")
        reader, writer = await asyncio.open_connection("127.0.0.1", int(world.url.rpartition(":")[2]))
        writer.write(f"GET /rtc/validate?{world.query()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert b"success" in await reader.read()
        writer.close()
        await writer.wait_closed()

        logged = [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")]
        assert sum("/rtc" in line for line in logged) >= 3
        assert not any("eyJ" in line or "handshake." in line for line in logged)

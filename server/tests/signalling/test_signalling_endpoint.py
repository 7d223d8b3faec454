"""The WebSocket driver and the embedded engine, on a fake SFU: sockets in, sockets out."""

import asyncio
import base64
import gzip
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import uvicorn
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from starlette.applications import Starlette
from starlette.testclient import TestClient
from support.fake_sfu import FakeSfu
from support.waiting import eventually
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from moothall import engine
from moothall.engine import Admission, EngineEvent, JoinGrant, LiveTrack, Refusal
from moothall.kit.clock import SystemClock
from moothall.signalling import limits
from moothall.signalling.embedded import EmbeddedEngine
from moothall.signalling.endpoint import routes
from moothall.signalling.events import SettingsRequested
from moothall.signalling.messages import Permission
from moothall.signalling.redaction import redact_queries
from moothall.signalling.reports import Reports

SECRET = "a secret of more than thirty-two characters"
CLOCK = SystemClock()


@dataclass
class World:
    """One running server. ``verdicts`` are the gate's next answers; without one it admits."""

    sfu: FakeSfu
    engine: EmbeddedEngine
    url: str = ""
    events: list[EngineEvent] = field(default_factory=list)
    verdicts: list[Any] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def token(self, identity: str = "alice", **details: Any) -> str:
        return self.engine.access_token(
            JoinGrant(**{"room": "standup", "identity": identity, "name": identity.title(), **details})
        )

    def query(self, identity: str = "alice", **parameters: str) -> str:
        extra = "".join(f"&{name}={value}" for name, value in parameters.items())
        return f"access_token={self.token(identity)}{extra}"

    @asynccontextmanager
    async def socket(self, identity: str = "alice", **parameters: str) -> AsyncIterator["Wire"]:
        async with connect(f"{self.url}/rtc?{self.query(identity, **parameters)}", close_timeout=1) as connection:
            yield Wire(connection)

    @asynccontextmanager
    async def inside(self, identity: str) -> AsyncIterator["Wire"]:
        """Somebody whose transport is up."""
        async with self.socket(identity) as wire:
            wire.join = (await wire.next("join")).join
            await wire.answer((await wire.next("offer")).offer)
            self.sfu.connected(max(self.sfu.peers))
            await eventually(
                lambda: any(
                    isinstance(event, engine.ParticipantJoined) and event.sid == wire.sid for event in self.events
                )
            )
            yield wire


class Wire:
    """The client's end of the signalling."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.join = pb.JoinResponse()

    @property
    def sid(self) -> str:
        return self.join.participant.sid

    async def next(self, kind: str) -> pb.SignalResponse:
        """The next message of this kind; others are skipped."""
        async with asyncio.timeout(10):
            while True:
                frame = await self.connection.recv()
                assert isinstance(frame, bytes)
                message = pb.SignalResponse.FromString(frame)
                if message.WhichOneof("message") == kind:
                    return message

    async def say(self, **message: Any) -> None:
        await self.connection.send(pb.SignalRequest(**message).SerializeToString())

    async def answer(self, offer: pb.SessionDescription) -> None:
        await self.say(answer=pb.SessionDescription(type="answer", sdp="answer", id=offer.id))

    async def publish(self, cid: str, kind: str) -> str:
        number = pb_models.TrackType.AUDIO if kind == "audio" else pb_models.TrackType.VIDEO
        source = pb_models.TrackSource.MICROPHONE if kind == "audio" else pb_models.TrackSource.CAMERA
        await self.say(add_track=pb.AddTrackRequest(cid=cid, type=number, source=source))
        published = (await self.next("track_published")).track_published
        await self.say(offer=pb.SessionDescription(type="offer", sdp=f"0 {kind} sendonly {cid} 0", id=7))
        assert (await self.next("answer")).answer.id == 7
        return published.track.sid

    async def closed(self) -> int | None:
        """Reads until the server closes; the close code."""
        async with asyncio.timeout(10):
            try:
                while True:
                    await self.connection.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else None


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running() as one:
        yield one


@asynccontextmanager
async def running() -> AsyncIterator[World]:
    async def gate(room: str, identity: str) -> Admission | Refusal:
        built.asked.append((room, identity))
        verdict = built.verdicts.pop(0) if built.verdicts else Admission()
        return await verdict() if callable(verdict) else verdict

    async def listen(events: Sequence[EngineEvent]) -> None:
        built.events.extend(events)

    sfu = FakeSfu()
    embedded = EmbeddedEngine(
        sfu=sfu,
        api_key="moothall",
        api_secret=SECRET,
        client_url=lambda: built.url,
        clock=CLOCK,
        gate=gate,
        listener=listen,
    )
    built = World(sfu, embedded)
    app = Starlette(routes=routes(embedded, CLOCK))
    http = uvicorn.Server(
        uvicorn.Config(
            app, port=0, ws="websockets-sansio", ws_max_size=2**20, lifespan="off", log_config=None, access_log=True
        )
    )
    http.config.load()
    async with embedded.running(), asyncio.TaskGroup() as tasks:
        # Without the signal handlers that uvicorn's own entry point would install.
        serve = tasks.create_task(http._serve())
        await eventually(lambda: http.started)
        built.url = f"ws://127.0.0.1:{http.servers[0].sockets[0].getsockname()[1]}"
        yield built
        await embedded.stop()
        http.should_exit = True
        await serve


def join_request(**details: Any) -> str:
    settings = pb.ConnectionSettings(auto_subscribe=True)
    request = pb.JoinRequest(connection_settings=settings, **details).SerializeToString()
    whole = pb.WrappedJoinRequest(compression=pb.WrappedJoinRequest.GZIP, join_request=gzip.compress(request))
    return base64.urlsafe_b64encode(whole.SerializeToString()).decode()


class TestSingleConnection:
    async def test_the_first_offer_is_answered_with_what_is_published(self, world: World) -> None:
        async with world.inside("bob") as bob:
            track_sid = await bob.publish("camera", "video")
            (track,) = world.sfu.called("publish")
            world.sfu.happens("track_live", max(world.sfu.published), "", "video/VP8")
            assert track[2] == "video"
            offer = pb.SessionDescription(type="offer", sdp="4 video recvonly - 0", id=3)
            query = world.query(join_request=join_request(publisher_offer=offer))
            async with connect(f"{world.url}/rtc/v1?{query}") as connection:
                alice = Wire(connection)
                alice.join = (await alice.next("join")).join
                answer = (await alice.next("answer")).answer

                assert not alice.join.subscriber_primary
                assert (answer.id, dict(answer.mid_to_track_id)) == (3, {"4": track_sid})
                world.sfu.happens("transport", max(world.sfu.peers), "publisher", "connected")
                assert (await alice.next("update")).update.participants

    async def test_a_track_that_comes_later_requires_sections(self, world: World) -> None:
        offer = pb.SessionDescription(type="offer", sdp="4 audio recvonly - 0", id=1)
        query = world.query(join_request=join_request(publisher_offer=offer))
        async with connect(f"{world.url}/rtc/v1?{query}") as connection:
            alice = Wire(connection)
            await alice.next("answer")
            async with world.inside("bob") as bob:
                track_sid = await bob.publish("camera", "video")
                world.sfu.happens("track_live", max(world.sfu.published), "", "video/VP8")

                required = (await alice.next("media_sections_requirement")).media_sections_requirement
                assert (required.num_audios, required.num_videos) == (0, 1)
                await alice.say(offer=pb.SessionDescription(type="offer", sdp="5 video recvonly - 0", id=2))
                assert dict((await alice.next("answer")).answer.mid_to_track_id) == {"5": track_sid}

    async def test_it_resumes_by_what_the_join_request_says(self, world: World) -> None:
        query = world.query(join_request=join_request())
        async with connect(f"{world.url}/rtc/v1?{query}") as connection:
            sid = (await Wire(connection).next("join")).join.participant.sid
        query = world.query(join_request=join_request(reconnect=True, participant_sid=sid))

        async with connect(f"{world.url}/rtc/v1?{query}") as connection:
            first = pb.SignalResponse.FromString(await connection.recv())  # type: ignore[arg-type]

        assert first.WhichOneof("message") == "reconnect"

    @pytest.mark.parametrize("request_text", ["", "nonsense", "%%%"])
    async def test_an_unreadable_join_request_is_400(self, world: World, request_text: str) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/rtc/v1?{world.query(join_request=request_text)}")

        assert refused.value.response.status_code == 400
        assert world.asked == []

    @pytest.mark.parametrize("sdk", ["RUST", "PYTHON", "NODE", "CPP", "UNITY"])
    async def test_clients_that_lose_pictures_on_one_connection_are_made_to_fall_back(
        self, world: World, sdk: str
    ) -> None:
        query = world.query(join_request=join_request(client_info=pb_models.ClientInfo(sdk=sdk)))
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/rtc/v1?{query}")
        with TestClient(Starlette(routes=routes(world.engine, CLOCK))) as client:
            answer = client.get(f"/rtc/v1/validate?{query}")

        assert (refused.value.response.status_code, answer.status_code) == (404, 404)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "requested room does not exist" not in answer.text
        assert world.asked == []

    async def test_a_first_offer_that_was_not_compressed_is_read(self, world: World) -> None:
        sdp = "\n".join(f"{mid} audio recvonly {'x' * 300} 0" for mid in range(100))
        request = pb.JoinRequest(publisher_offer=pb.SessionDescription(type="offer", sdp=sdp, id=4))
        whole = pb.WrappedJoinRequest(join_request=request.SerializeToString())
        query = world.query(join_request=base64.urlsafe_b64encode(whole.SerializeToString()).decode())
        assert len(query) > 40_000
        async with connect(f"{world.url}/rtc/v1?{query}") as connection:
            assert (await Wire(connection).next("answer")).answer.id == 4

    async def test_validate_says_whether_one_may_join(self, world: World) -> None:
        url = f"/rtc/v1/validate?{world.query(join_request=join_request())}"
        app = Starlette(routes=routes(world.engine, CLOCK))
        with TestClient(app) as client:
            assert client.get(url).text == "success"
            world.verdicts = [Refusal("removed")]
            assert client.get(url).status_code == 403

    async def test_offers_may_be_larger_than_other_clients_messages(self, world: World) -> None:
        query = world.query(join_request=join_request())
        async with connect(f"{world.url}/rtc/v1?{query}") as connection:
            alice = Wire(connection)
            await alice.next("join")
            lines = "\n".join(f"{mid} audio recvonly {'x' * 1000} 0" for mid in range(500))

            await alice.say(offer=pb.SessionDescription(type="offer", sdp=lines, id=5))

            assert (await alice.next("answer")).answer.id == 5


class TestAdmission:
    @pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
    async def test_bad_token_is_refused_before_the_meeting_is_asked(self, world: World, token: str) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/rtc?access_token={token}")

        assert refused.value.response.status_code == 401
        assert world.asked == []

    async def test_token_may_come_in_the_header(self, world: World) -> None:
        headers = {"Authorization": f"Bearer {world.token()}"}

        async with connect(f"{world.url}/rtc", additional_headers=headers) as connection:
            assert (await Wire(connection).next("join")).join.participant.identity == "alice"

    @pytest.mark.parametrize(("reason", "status"), [("meeting_full", 403), ("removed", 403), ("unavailable", 503)])
    async def test_meeting_says_no(self, world: World, reason: Any, status: int) -> None:
        world.verdicts = [Refusal(reason)]

        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/rtc?{world.query()}")

        assert refused.value.response.status_code == status
        assert world.asked == [("standup", "alice")]

    async def test_who_is_removed_while_the_meeting_decides_is_asked_about_again(self, world: World) -> None:
        async def admit_and_end_the_meeting() -> Admission:
            await world.engine.delete_room("standup")
            return Admission()

        world.verdicts = [admit_and_end_the_meeting, Refusal("meeting_expired")]

        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{world.url}/rtc?{world.query()}")

        assert refused.value.response.status_code == 403

    async def test_validate_answers_what_the_socket_would(self, world: World) -> None:
        app = Starlette(routes=routes(world.engine, CLOCK))
        for verdict, token, status in (
            (Admission(), world.token(), 200),
            (Refusal("removed"), world.token(), 403),
            (Refusal("unavailable"), world.token(), 503),
            (Admission(), "nonsense", 401),
        ):
            world.verdicts = [verdict]
            answer = TestClient(app).get("/rtc/validate", params={"access_token": token})
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == "*"

    async def test_resume_needs_no_consent_but_a_participant_that_is_there(self, world: World) -> None:
        async with world.inside("alice") as wire, world.inside("bob") as other:
            asked = len(world.asked)
            async with world.socket("alice", reconnect="1", sid=wire.sid) as resumed:
                assert (await resumed.next("reconnect")).reconnect.server_info.version
            for identity, sid in (("alice", other.sid), ("alice", "PA_nobody"), ("carol", wire.sid)):
                async with world.socket(identity, reconnect="1", sid=sid) as refused:
                    leave = (await refused.next("leave")).leave
                    assert leave.action == pb.LeaveRequest.RECONNECT
                    assert leave.reason == pb_models.DisconnectReason.STATE_MISMATCH
                    assert await refused.closed() == 1000
            assert len(world.asked) == asked


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
            ((_, mid, kind, _),) = world.sfu.called("publish")
            assert (mid, kind) == ("0", "audio")
            handle = world.sfu._handles

            world.sfu.happens("track_live", handle, "", "audio/opus")

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

            world.sfu.happens("data", sender, True, packet.SerializeToString())
            world.sfu.happens("data", sender, True, b"\xff\xff not a packet")
            world.sfu.happens("data", sender, False, packet.SerializeToString())

            sent = await eventually(lambda: len(world.sfu.called("send_data")) == 2 and world.sfu.called("send_data"))
            assert [(peers, reliable) for peers, reliable, _ in sent] == [((receiver,), True), ((receiver,), False)]
            relayed = pb_models.DataPacket.FromString(sent[0][2])
            assert (relayed.participant_identity, relayed.participant_sid) == ("alice", alice.sid)

    async def test_speakers_and_quality_reach_everybody(self, world: World) -> None:
        async with world.inside("alice") as alice, world.inside("bob") as bob:
            await alice.publish("mic", "audio")
            track, room = world.sfu._handles, next(iter(world.sfu.peers.values()))
            world.sfu.happens("track_live", track, "", "audio/opus")
            world.sfu.happens("levels", room, [(track, 0.8)])
            world.sfu.happens("stats", min(world.sfu.peers), {"loss": 0.0, "rtt_ms": 10.0, "jitter_ms": 1.0})

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

            world.sfu.happens("track_live", world.sfu._handles, "", "audio/opus")
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
            world.sfu.happens("crashed", min(world.sfu.peers), "index out of bounds")

            assert (await alice.next("leave")).leave.action == pb.LeaveRequest.RECONNECT
            assert await world.engine.participants("standup") == ["bob"]

    async def test_bug_in_one_room_leaves_the_others_alone(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        async with world.inside("alice") as alice:
            other = world.token("bob", room="elsewhere")
            async with connect(f"{world.url}/rtc?access_token={other}") as connection:
                bob = Wire(connection)
                await bob.next("join")
                room = world.engine._rooms["standup"].room
                monkeypatch.setattr(room, "_mute", lambda *_arguments, **_options: 1 / 0)

                await alice.say(mute=pb.MuteTrackRequest(sid="TR_1", muted=True))

                assert (await alice.next("leave")).leave.action == pb.LeaveRequest.RECONNECT
                await bob.say(ping_req=pb.Ping(timestamp=1))
                await bob.next("pong_resp")
        assert isinstance(world.events[-1], engine.RoomFinished)


class TestHostileClients:
    async def _bad(self, world: World, *frames: bytes | str) -> tuple[int | None, pb.LeaveRequest]:
        """What becomes of a client that sends these, while somebody else stays."""
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
            client = world.engine._rooms["standup"].connections[alice.sid]
            alice.connection.transport.pause_reading()
            for _ in range(5_000):
                if client.too_slow:
                    break
                # Random, because sockets compress.
                notice = secrets.token_hex(30_000)
                await world.engine.update_participant("standup", "alice", attributes={"notice": notice})
                await asyncio.sleep(0)

            assert client.too_slow
            await eventually(lambda: alice.sid not in world.engine._rooms["standup"].connections)
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


class TestReports:
    async def test_failed_report_is_tried_again_and_order_is_kept(self) -> None:
        told: list[str] = []
        failures = [RuntimeError("database is locked"), RuntimeError("again")]

        async def listen(events: Sequence[EngineEvent]) -> None:
            if failures and any(isinstance(event, engine.ParticipantJoined) for event in events):
                raise failures.pop()
            told.extend(type(event).__name__ for event in events)

        reports = Reports(listen)
        now = CLOCK.now()
        async with asyncio.TaskGroup() as tasks:
            reports.start(tasks)
            reports.add(engine.RoomStarted("standup", now))
            reports.add(engine.ParticipantJoined("standup", "alice", "PA_1", "Alice", at=now))
            reports.add(engine.RoomFinished("standup", now))
            assert await reports.drain(10)

        assert told == ["RoomStarted", "ParticipantJoined", "RoomFinished"]

    async def test_what_happens_while_the_listener_is_busy_is_told_together(self) -> None:
        told: list[int] = []
        busy = asyncio.Event()

        async def listen(events: Sequence[EngineEvent]) -> None:
            told.append(len(events))
            await busy.wait()

        reports = Reports(listen)
        async with asyncio.TaskGroup() as tasks:
            reports.start(tasks)
            reports.add(engine.RoomStarted("standup", CLOCK.now()))
            await eventually(lambda: told == [1])
            for _ in range(60):
                reports.add(engine.RoomFinished("standup", CLOCK.now()))
            busy.set()
            assert await reports.drain(10)

        assert told == [1, 50, 10]

    async def test_listener_that_never_succeeds_delays_the_end_only_so_long(self) -> None:
        async def fail(_events: Sequence[EngineEvent]) -> None:
            raise RuntimeError("no database")

        reports = Reports(fail)
        async with asyncio.TaskGroup() as tasks:
            reports.start(tasks)
            reports.add(engine.RoomStarted("standup", CLOCK.now()))
            assert not await reports.drain(timedelta(milliseconds=300).total_seconds())

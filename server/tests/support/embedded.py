"""A running embedded engine on a fake SFU, and clients that speak to it by hand."""

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from moothall import engine
from moothall.engine import Admission, Applicant, EngineEvent, JoinGrant, Refusal
from moothall.engines.embedded.endpoint import routes
from moothall.engines.embedded.engine import EmbeddedEngine
from moothall.engines.embedded.live_room import LiveRoom
from moothall.kit.clock import SystemClock
from support.fake_sfu import FakeSfu
from support.waiting import eventually

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
    applicants: list[Applicant] = field(default_factory=list)
    # The rooms of what webhooks hear.
    announced: list[str] = field(default_factory=list)

    def live_room(self, name: str = "standup") -> LiveRoom:
        live = self.engine._rooms.get(name)
        assert live is not None
        return live

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
    async def socket_with(self, token: str) -> AsyncIterator["Wire"]:
        async with connect(f"{self.url}/rtc?access_token={token}", close_timeout=1) as connection:
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


@asynccontextmanager
async def running() -> AsyncIterator[World]:
    async def gate(applicant: Applicant) -> Admission | Refusal:
        built.asked.append((applicant.room, applicant.identity))
        built.applicants.append(applicant)
        verdict = built.verdicts.pop(0) if built.verdicts else Admission()
        return await verdict() if callable(verdict) else verdict

    async def listen(events: Sequence[EngineEvent]) -> None:
        built.events.extend(events)

    sfu = FakeSfu()
    embedded = EmbeddedEngine(
        sfu=sfu,
        api_key="moothall",
        api_secret=SECRET,
        clock=CLOCK,
        gate=gate,
        listener=listen,
        announce=lambda _, room: built.announced.append(room.name),
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

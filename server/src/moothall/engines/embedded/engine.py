"""The media engine in this process.

Rooms decide, the SFU moves packets, and this package carries decisions out.

Everything happens on one event loop: see ``rooms`` for why nothing here needs a lock.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass

from moothall.engine import AdmissionGate, EngineListener, JoinGrant, LiveTrack, Source, is_check_room
from moothall.engines.embedded.admission import Admissions, Consent
from moothall.engines.embedded.connection import Connection
from moothall.engines.embedded.entry_limits import EntryLimits
from moothall.engines.embedded.execution import Announce, Execution
from moothall.engines.embedded.handles import Handles
from moothall.engines.embedded.reports import Reports
from moothall.engines.embedded.rooms import LiveRooms, fresh_id
from moothall.engines.embedded.sfu import Sfu
from moothall.engines.embedded.sfu_events import SfuEvents
from moothall.engines.embedded.sfu_log import SfuLog
from moothall.kit.clock import Clock
from moothall.livekit import codec, limits
from moothall.livekit.model import ParticipantInfo, Permission, RoomInfo, TrackInfo, TrackSource
from moothall.livekit.requests import Request
from moothall.livekit.server_requests import (
    BroadcastRequested,
    MuteRequested,
    PublishingLimited,
    ServerRequest,
    SettingsRequested,
    SharesReplaced,
    UpdateRequested,
)
from moothall.livekit.tokens import AccessToken, ServerGrant, TokenSigner
from moothall.signalling.events import (
    ClientConnected,
    ClientDetached,
    ClientMisbehaved,
    ClientResumed,
    DeletionRequested,
    Event,
    RemovalRequested,
    RequestReceived,
    ServerStopping,
)
from moothall.signalling.relay import Relay

_TICK = 1.0
_POLL_LIMIT = 512
# Batches of SFU events handled before other callbacks of the loop get their turn.
_BATCHES_PER_TURN = 4
# In seconds.
_FAREWELL_DEADLINE = 2.0
_REPORT_DEADLINE = 5.0


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """The parameters with which a client connects."""

    auto_subscribe: bool = True
    adaptive_stream: bool = False
    client_protocol: int = 0
    # It has one connection for both directions.
    is_single: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """One socket of one participant. ``sid`` is empty for a client that was sent away at once."""

    token: AccessToken
    sid: str
    connection: Connection


class EmbeddedEngine:
    """Implements ``engine.MediaEngine``. Use it inside ``async with engine.running()``."""

    def __init__(
        self,
        *,
        sfu: Sfu,
        api_key: str,
        api_secret: str,
        clock: Clock,
        gate: AdmissionGate,
        listener: EngineListener,
        announce: Announce | None = None,
        relay: Relay | None = None,
    ) -> None:
        """``relay`` is the TURN server that clients are told, if any.

        ``announce`` hears of everything that is reported, as it is. Raises ValueError for a short
        secret.
        """
        self._sfu = sfu
        self._signer = TokenSigner(api_key=api_key, api_secret=api_secret)
        self._clock = clock
        self._reports = Reports(listener)
        self._limits = EntryLimits()
        handles = Handles()
        self._execution = Execution(
            sfu,
            handles,
            signer=self._signer,
            clock=clock,
            reports=self._reports,
            announce=announce,
            settled=self._limits.settled,
        )
        self._rooms = LiveRooms(sfu, handles, self._execution, clock, relay)
        self._sfu_events = SfuEvents(handles, self._rooms)
        self._sfu_log = SfuLog(sfu, handles)
        self.admissions = Admissions(gate, self._rooms, self._is_available)
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None

    # ---- Lifetime --------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serves while the block runs.

        At its end everybody is told to reconnect, and the SFU is closed.
        """
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            self._reports.start(tasks)
            self._loop.add_reader(self._sfu.event_fd, self._read_sfu)
            ticking = tasks.create_task(self._tick())
            try:
                yield
            finally:
                await self.stop()
                ticking.cancel()
                self._loop.remove_reader(self._sfu.event_fd)
                self._loop = None
                self._sfu.close()

    async def stop(self) -> None:
        """Disconnect everybody, refuse newcomers, and deliver the remaining reports. Idempotent.

        Clients are asked to reconnect.
        """
        if self._stopped:
            return
        self._stopped = True
        for live in self._rooms:
            self._rooms.handle(live, ServerStopping())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_DEADLINE):
                for connection in list(self._execution.farewells):
                    await connection.finished.wait()
        await self._reports.drain(_REPORT_DEADLINE)

    # ---- MediaEngine -----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "embedded"

    def access_token(self, grant: JoinGrant) -> str:
        return self._signer.mint(grant, self._clock.now())

    def client_url(self) -> None:
        """The engine is part of this server: clients reach it wherever they reach the page."""

    async def participants(self, room: str) -> list[str]:
        live = self._rooms.get(room)
        return [] if live is None else [one.identity for one in live.room.participants.values()]

    async def tracks(self, room: str) -> list[LiveTrack]:
        live = self._rooms.get(room)
        if live is None:
            return []
        return [
            LiveTrack(one.identity, track.sid, track.kind, track.source_name, track.muted)
            for one in live.room.participants.values()
            for track in one.announced_tracks()
        ]

    async def remove_participant(self, room: str, identity: str) -> bool:
        self.admissions.somebody_changed()
        live = self._rooms.find_with(room, identity)
        if live is None:
            return False
        self._rooms.handle(live, RemovalRequested(identity))
        return True

    async def delete_room(self, room: str) -> bool:
        self.admissions.somebody_changed()
        live = self._rooms.get(room)
        if live is None:
            return False
        live.room.reset_settings()
        live.kept_until = -math.inf
        self._rooms.handle(live, DeletionRequested())
        return True

    async def mute_track(self, room: str, identity: str, track_sid: str, *, muted: bool) -> bool:
        live = self._rooms.find_with(room, identity)
        participant = live.room.find_participant(identity) if live is not None else None
        if not muted or live is None or participant is None or participant.track(track_sid) is None:
            return False
        self._rooms.handle(live, MuteRequested(identity, track_sid))
        return True

    async def limit_publishing(self, room: str, identity: str, sources: Sequence[Source] | None) -> bool:
        self.admissions.somebody_changed()
        live = self._rooms.find_with(room, identity)
        if live is None:
            return False
        self._rooms.handle(live, PublishingLimited(identity, _track_sources(sources)))
        return True

    async def limit_screen_shares(self, room: str, most: int | None) -> bool:
        live = self._rooms.get(room)
        if live is None:
            return False
        self._rooms.handle(live, SettingsRequested(max_screen_shares=most or 0))
        return True

    async def replace_screen_shares(
        self, room: str, identity: str, *, replaced: Collection[str]
    ) -> frozenset[str] | None:
        live = self._rooms.find_with(room, identity)
        if live is None:
            return None
        # No await from here to the end: what is read is what is replaced.
        others = self._rooms.sharers(live) - {identity}
        if not others <= set(replaced):
            return None
        self._rooms.handle(live, SharesReplaced(identity))
        return others

    async def send_data(
        self, room: str, payload: bytes, *, topic: str, reliable: bool = True, to: Sequence[str] = ()
    ) -> None:
        """Raises ValueError when ``payload`` is larger than a data packet may be."""
        if len(payload) > limits.MAX_DATA_BYTES:
            raise ValueError(f"a data packet has at most {limits.MAX_DATA_BYTES} bytes")
        live = self._rooms.get(room)
        if live is not None:
            self._rooms.handle(live, BroadcastRequested(reliable, codec.server_data(payload, topic=topic, to=to)))

    async def update_participant(
        self, room: str, identity: str, *, name: str | None = None, attributes: Mapping[str, str] | None = None
    ) -> bool:
        live = self._rooms.find_with(room, identity)
        if live is None:
            return False
        self._rooms.handle(live, UpdateRequested(identity, name, attributes))
        return True

    async def change_permission(self, room: str, identity: str, permission: Permission) -> bool:
        """Replace a participant's permission; tracks that it no longer covers end.

        False when it is not there.
        """
        live = self._rooms.find_with(room, identity)
        if live is None:
            return False
        self._rooms.handle(live, UpdateRequested(identity, permission=permission))
        return True

    # ---- For the server API (livekit.room_service.ServedRooms) -----------------------------------

    def room_infos(self) -> list[RoomInfo]:
        return [live.room.info() for live in self._rooms if not is_check_room(live.room.name)]

    def room_info(self, room: str) -> RoomInfo | None:
        live = self._rooms.get(room)
        return None if live is None else live.room.info()

    def participant_infos(self, room: str) -> list[ParticipantInfo]:
        live = self._rooms.get(room)
        return [] if live is None else [one.describe() for one in live.room.participants.values()]

    def participant_info(self, room: str, identity: str) -> ParticipantInfo | None:
        live = self._rooms.get(room)
        one = None if live is None else live.room.find_participant(identity)
        return None if one is None else one.describe()

    def track_info(self, room: str, identity: str, track_sid: str) -> TrackInfo | None:
        live = self._rooms.get(room)
        one = None if live is None else live.room.find_participant(identity)
        track = None if one is None else one.track(track_sid)
        return None if track is None else track.info()

    def prepare_room(self, room: str, settings: SettingsRequested) -> RoomInfo | None:
        live = self._rooms.get(room)
        if live is None:
            if sum(not one.room.participants for one in self._rooms) >= limits.MAX_PREPARED_ROOMS:
                return None
            live = self._rooms.open(room)
        if not live.room.participants:
            live.kept_until = self._clock.monotonic() + (settings.empty_timeout or 0)
        self._rooms.handle(live, settings)
        return live.room.info()

    def request(self, room: str, event: ServerRequest) -> bool:
        live = self._rooms.get(room)
        if live is None:
            return False
        self._rooms.handle(live, event)
        return True

    def authenticate_server(self, token: str) -> ServerGrant:
        """Raises TokenRejected."""
        return self._signer.verify_server_grant(token, self._clock.now())

    # ---- For the endpoint ------------------------------------------------------------------------

    def authenticate(self, token: str) -> AccessToken:
        """Raises TokenRejected."""
        return self._signer.verify(token, self._clock.now())

    def wait_for_request(self, address: str) -> int:
        """Count one request of this address.

        Returns how many whole seconds it must wait instead; 0: none.
        """
        return self._limits.wait_for_request(address, self._clock.monotonic())

    def wait_for_entry(self, token: AccessToken, address: str) -> int:
        """Count one join. Returns how many whole seconds it must wait instead; 0: none."""
        return self._limits.wait_for_entry(address, token.room, token.identity, self._clock.monotonic())

    def connect(
        self,
        token: AccessToken,
        options: ClientOptions,
        connection: Connection,
        address: str,
        consent: Consent,
    ) -> Client:
        """A new participant on this connection.

        The consent must be current, with no await in between.
        """
        live = self._rooms.open(token.room)
        sid = fresh_id("PA_")
        live.connections[sid] = connection
        self._limits.connecting(sid, address)
        event = ClientConnected(
            sid=sid,
            identity=token.identity,
            name=token.name,
            permission=token.permission,
            sources=_track_sources(consent.sources),
            video_limit=consent.video_limit,
            metadata=token.metadata,
            attributes=token.attributes,
            kind=token.kind,
            kind_details=token.kind_details,
            token_expires_at=token.expires_at,
            auto_subscribe=options.auto_subscribe,
            adaptive_stream=options.adaptive_stream,
            client_protocol=options.client_protocol,
            is_single=options.is_single,
            candidate_protocol=self._execution.protocols.take(token.room, token.identity, self._clock.monotonic()),
        )
        self._rooms.handle(live, event)
        return Client(token, sid, connection)

    def resume(self, token: AccessToken, sid: str, connection: Connection) -> Client | None:
        """The participant ``sid`` continues on this connection.

        None when there is no such participant for this token.
        """
        live = self._rooms.get(token.room)
        participant = live.room.participants.get(sid) if live is not None else None
        if live is None or participant is None or participant.identity != token.identity:
            return None
        earlier = live.connections.get(sid)
        if earlier is not None:
            earlier.close(1000)
        live.connections[sid] = connection
        self._rooms.handle(live, ClientResumed(sid, token.expires_at))
        return Client(token, sid, connection)

    def received(self, client: Client, request: Request) -> None:
        self._from_socket(client, RequestReceived(client.sid, request))

    def misbehaved(self, client: Client, close_code: int) -> None:
        self._from_socket(client, ClientMisbehaved(client.sid, close_code))

    def detached(self, client: Client) -> None:
        """The socket is gone, whoever closed it."""
        self._from_socket(client, ClientDetached(client.sid, client.connection.going_away))
        live = self._rooms.get(client.token.room)
        if live is not None and live.connections.get(client.sid) is client.connection:
            del live.connections[client.sid]

    def _from_socket(self, client: Client, event: Event) -> None:
        live = self._rooms.get(client.token.room)
        # A socket that was replaced by a resume has no say any more.
        if live is not None and live.connections.get(client.sid) is client.connection:
            self._rooms.handle(live, event)

    def _is_available(self, room: str) -> bool:
        return not self._stopped and not self._reports.is_behind(room)

    # ---- The SFU and time ------------------------------------------------------------------------

    def _read_sfu(self) -> None:
        if self._loop is None:
            return
        for _ in range(_BATCHES_PER_TURN):
            batch = self._sfu.poll_events(_POLL_LIMIT)
            if not batch:
                return
            for event in batch:
                self._sfu_events.handle(event)
        # There may be more, and the descriptor only becomes readable when something is added.
        self._loop.call_soon(self._read_sfu)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self._rooms.pass_time()
            self._sfu_log.forward()


def _track_sources(sources: Sequence[Source] | None) -> tuple[TrackSource, ...] | None:
    return None if sources is None else tuple(TrackSource[source.upper()] for source in sources)

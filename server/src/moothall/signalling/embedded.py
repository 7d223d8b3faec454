"""The media engine in this process: rooms decide, the SFU moves packets, this module carries decisions out.

Everything happens on one event loop. An event (from a socket, the SFU, the rest of the server, or the clock) is given to its room, and the
commands that come back are carried out before anything else runs: there is no await between an event and its effects, so a room is never
seen half changed and needs no lock.
"""

import asyncio
import contextlib
import math
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, assert_never, cast

import structlog

from moothall.engine import Admission, AdmissionGate, EngineListener, JoinGrant, LiveTrack, Refusal
from moothall.kit.clock import Clock
from moothall.signalling import codec, commands, limits
from moothall.signalling.codec import MalformedMessage
from moothall.signalling.commands import Command
from moothall.signalling.connection import Connection, States
from moothall.signalling.events import (
    AnswerAccepted,
    BroadcastRequested,
    ClientConnected,
    ClientDetached,
    ClientMisbehaved,
    ClientResumed,
    DataReceived,
    DeletionRequested,
    Event,
    LevelsMeasured,
    Moment,
    MuteRequested,
    NegotiationFailed,
    NegotiationNeeded,
    OfferAccepted,
    OfferCreated,
    OfferNotNeeded,
    PeerCrashed,
    RemovalRequested,
    RequestReceived,
    RoomFailed,
    Section,
    SectionsRequired,
    ServerStopping,
    SettingsRequested,
    StatsMeasured,
    StreamStateChanged,
    SubscriptionRequested,
    TimePassed,
    TrackWentLive,
    TransportChanged,
    UpdateRequested,
)
from moothall.signalling.messages import Permission, RefreshToken, Request, Response, RoomInfo, State, Target
from moothall.signalling.protocols import CandidateProtocols
from moothall.signalling.relay import Relay
from moothall.signalling.reports import Reports
from moothall.signalling.room import Room, RoomSettings
from moothall.signalling.sfu import Sfu
from moothall.signalling.tokens import AccessToken, ServerGrant, TokenSigner

_log = structlog.get_logger("moothall.signalling")

Announce = Callable[[commands.Report, RoomInfo], None]
# What the server API may let happen to a room.
ServerRequest = BroadcastRequested | MuteRequested | SettingsRequested | SubscriptionRequested | UpdateRequested

_TOKEN_LIFE = timedelta(minutes=10)
_TICK = 1.0
_POLL_LIMIT = 512
# Batches of SFU events handled before other callbacks of the loop get their turn.
_BATCHES_PER_TURN = 4
_FAREWELL_DEADLINE = 2.0
_REPORT_DEADLINE = 5.0
_SIF_TRAILER_BYTES = 16


@dataclass(frozen=True, slots=True)
class Ticket:
    """The meeting's consent to one connection. Worth nothing once somebody was removed, or the room filled up, in the meantime: ask again."""

    removals: int


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """What a client asks for as it connects."""

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


@dataclass(slots=True)
class _LiveRoom:
    """A room with the handles and sockets that belong to it."""

    room: Room
    handle: int
    peers: dict[str, int] = field(default_factory=dict)
    tracks: dict[str, int] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    # Those that hold states back, until the planned flush.
    unflushed: set[Connection] = field(default_factory=set)
    flush_planned: bool = False
    flushed_at: float = -math.inf
    # Prepared by the server API: kept until then (monotonic) although nobody is inside.
    kept_until: float = -math.inf


_Question = commands.AcceptOffer | commands.CreateOffer | commands.AcceptAnswer | commands.RequireSections
_ABOUT_CLIENTS_OFFER = commands.AcceptOffer | commands.RequireSections


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request to the SFU was about."""

    live: _LiveRoom
    command: _Question


class EmbeddedEngine:
    """Implements ``engine.MediaEngine``. Use it inside ``async with engine.running()``."""

    def __init__(
        self,
        *,
        sfu: Sfu,
        api_key: str,
        api_secret: str,
        client_url: str | Callable[[], str],
        clock: Clock,
        gate: AdmissionGate,
        listener: EngineListener,
        announce: Announce | None = None,
        relay: Relay | None = None,
    ) -> None:
        """``client_url``: ``ws://`` or ``wss://`` address of this server without a path. ``relay``: a TURN server clients are told.

        ``announce`` hears of everything that is reported, as it is. Raises ValueError for a short secret.
        """
        self._sfu = sfu
        self._signer = TokenSigner(api_key=api_key, api_secret=api_secret)
        self._client_url = client_url
        self._relay = relay
        self._clock = clock
        self._gate = gate
        self._reports = Reports(listener)
        self._announce = announce
        self._rooms: dict[str, _LiveRoom] = {}
        # The SFU's handles, for reading its events.
        self._room_handles: dict[int, _LiveRoom] = {}
        self._peer_handles: dict[int, tuple[_LiveRoom, str]] = {}
        self._track_handles: dict[int, tuple[_LiveRoom, str]] = {}
        self._asked: dict[int, _Asked] = {}
        self._farewells: set[Connection] = set()
        self._protocols = CandidateProtocols()
        self._removals = 0
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None

    # ---- Lifetime ----------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serves while the block runs; at its end everybody is told to reconnect, and the SFU is closed."""
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
        """Send everybody away with the request to come back, refuse newcomers, deliver what is left to report. Idempotent."""
        if self._stopped:
            return
        self._stopped = True
        for live in list(self._rooms.values()):
            self._happened(live, ServerStopping())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_DEADLINE):
                for connection in list(self._farewells):
                    await connection.finished.wait()
        await self._reports.drain(_REPORT_DEADLINE)

    # ---- MediaEngine -------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return "embedded"

    def access_token(self, grant: JoinGrant) -> str:
        return self._signer.mint(grant, self._clock.now())

    def client_url(self) -> str:
        return self._client_url if isinstance(self._client_url, str) else self._client_url()

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
        self._removals += 1
        live = self._find(room, identity)
        if live is None:
            return False
        self._happened(live, RemovalRequested(identity))
        return True

    async def delete_room(self, room: str) -> bool:
        self._removals += 1
        live = self._rooms.get(room)
        if live is None:
            return False
        live.room.settings = RoomSettings()
        live.kept_until = -math.inf
        self._happened(live, DeletionRequested())
        return True

    async def mute_track(self, room: str, identity: str, track_sid: str, *, muted: bool) -> bool:
        live = self._find(room, identity)
        participant = live.room.find_participant(identity) if live is not None else None
        if not muted or live is None or participant is None or participant.track(track_sid) is None:
            return False
        self._happened(live, MuteRequested(identity, track_sid))
        return True

    async def send_data(
        self, room: str, payload: bytes, *, topic: str, reliable: bool = True, to: Sequence[str] = ()
    ) -> None:
        """Raises ValueError when ``payload`` is larger than a data packet may be."""
        if len(payload) > limits.MAX_DATA_BYTES:
            raise ValueError(f"a data packet has at most {limits.MAX_DATA_BYTES} bytes")
        live = self._rooms.get(room)
        if live is not None:
            self._happened(live, BroadcastRequested(reliable, codec.server_data(payload, topic=topic, to=to)))

    async def update_participant(
        self, room: str, identity: str, *, name: str | None = None, attributes: Mapping[str, str] | None = None
    ) -> bool:
        live = self._find(room, identity)
        if live is None:
            return False
        self._happened(live, UpdateRequested(identity, name, attributes))
        return True

    async def change_permission(self, room: str, identity: str, permission: Permission) -> bool:
        """What the participant may do from now on; tracks it may no longer publish or receive end. False when it is not there."""
        live = self._find(room, identity)
        if live is None:
            return False
        self._happened(live, UpdateRequested(identity, permission=permission))
        return True

    # ---- For the server API ------------------------------------------------------------------------------------------

    def rooms(self) -> list[Room]:
        """Those somebody is in, and those that were prepared."""
        return [live.room for live in self._rooms.values()]

    def find_room(self, room: str) -> Room | None:
        live = self._rooms.get(room)
        return None if live is None else live.room

    def prepare_room(self, room: str, settings: SettingsRequested) -> Room | None:
        """The room, which is made and kept for its empty timeout if it is not there. None when too many are kept already."""
        live = self._rooms.get(room)
        if live is None:
            if sum(not one.room.participants for one in self._rooms.values()) >= limits.MAX_PREPARED_ROOMS:
                return None
            live = self._open_room(room)
        if not live.room.participants:
            live.kept_until = self._clock.monotonic() + (settings.empty_timeout or 0)
        self._happened(live, settings)
        return live.room

    def request(self, room: str, event: ServerRequest) -> bool:
        """Let the room do what the server API asks. False when there is no such room."""
        live = self._rooms.get(room)
        if live is None:
            return False
        self._happened(live, event)
        return True

    def authenticate_server(self, token: str) -> ServerGrant:
        """Raises TokenRejected."""
        return self._signer.verify_server_grant(token, self._clock.now())

    # ---- For the endpoint --------------------------------------------------------------------------------------------

    def authenticate(self, token: str) -> AccessToken:
        """Raises TokenRejected."""
        return self._signer.verify(token, self._clock.now())

    async def admit(self, token: AccessToken) -> Ticket | Refusal:
        """Ask the meeting whether this participant may connect now."""
        while True:
            if self._stopped or self._reports.is_behind(token.room):
                return Refusal("unavailable")
            ticket = Ticket(self._removals)
            verdict = await self._gate(token.room, token.identity)
            if isinstance(verdict, Refusal):
                return verdict
            if self._is_full(token):
                return Refusal("meeting_full")
            assert isinstance(verdict, Admission)  # noqa: S101 - the gate knows two answers
            if self.is_current(ticket, token):
                return ticket

    def _is_full(self, token: AccessToken) -> bool:
        """By the limit of the server API; the meeting's own is the gate's."""
        live = self._rooms.get(token.room)
        most = 0 if live is None else live.room.settings.max_participants
        if live is None or not most:
            return False
        return sum(one.identity != token.identity for one in live.room.participants.values()) >= most

    def is_current(self, ticket: Ticket, token: AccessToken) -> bool:
        return not self._stopped and ticket.removals == self._removals and not self._is_full(token)

    def connect(self, token: AccessToken, options: ClientOptions, connection: Connection) -> Client:
        """A new participant on this connection. The ticket must be current, with no await in between."""
        live = self._rooms.get(token.room) or self._open_room(token.room)
        sid = fresh_id("PA_")
        live.connections[sid] = connection
        event = ClientConnected(
            sid=sid,
            identity=token.identity,
            name=token.name,
            permission=token.permission,
            metadata=token.metadata,
            attributes=token.attributes,
            auto_subscribe=options.auto_subscribe,
            adaptive_stream=options.adaptive_stream,
            client_protocol=options.client_protocol,
            is_single=options.is_single,
            candidate_protocol=self._protocols.take(token.room, token.identity, self._clock.monotonic()),
        )
        self._happened(live, event)
        return Client(token, sid, connection)

    def resume(self, token: AccessToken, sid: str, connection: Connection) -> Client | None:
        """The participant ``sid`` continues on this connection. None when there is no such participant for this token."""
        live = self._rooms.get(token.room)
        participant = live.room.participants.get(sid) if live is not None else None
        if live is None or participant is None or participant.identity != token.identity:
            return None
        earlier = live.connections.get(sid)
        if earlier is not None:
            earlier.close(1000)
        live.connections[sid] = connection
        self._happened(live, ClientResumed(sid))
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
            self._happened(live, event)

    # ---- Rooms -------------------------------------------------------------------------------------------------------

    def _find(self, room: str, identity: str) -> _LiveRoom | None:
        live = self._rooms.get(room)
        return live if live is not None and live.room.find_participant(identity) is not None else None

    def _open_room(self, name: str) -> _LiveRoom:
        room = Room(
            name=name,
            sid=fresh_id("RM_"),
            created_at_ms=int(self._clock.now().timestamp() * 1000),
            sif_trailer=secrets.token_bytes(_SIF_TRAILER_BYTES),
            fresh_id=fresh_id,
            relay=self._relay,
            has_tcp=self._sfu.tcp_port is not None,
        )
        live = _LiveRoom(room, self._sfu.add_room())
        self._rooms[name] = live
        self._room_handles[live.handle] = live
        return live

    def _close_room(self, live: _LiveRoom) -> None:
        if self._rooms.get(live.room.name) is live:
            del self._rooms[live.room.name]
        self._room_handles.pop(live.handle, None)
        for sid in list(live.peers):
            self._remove_peer(live, sid)
        for track_sid in list(live.tracks):
            self._forget_track(live, track_sid)
        self._sfu.remove_room(live.handle)

    def _happened(self, live: _LiveRoom, event: Event) -> None:
        """Let the room decide, and do what it says. No await from here to the end of the last command."""
        try:
            self._carry_out_all(live, live.room.handle(event, self._moment()))
        except Exception:  # noqa: BLE001 - one room's bug is that room's restart
            # Our own bug. The other rooms go on; the people in this one are sent through a fresh start.
            _log.exception("room failed", room=live.room.name, event_name=type(event).__name__)
            self._abandon(live)
        if live.room.participants:
            live.kept_until = self._clock.monotonic() + live.room.settings.departure_timeout
        elif self._clock.monotonic() >= live.kept_until:
            self._close_room(live)

    def _abandon(self, live: _LiveRoom) -> None:
        try:
            self._carry_out_all(live, live.room.handle(RoomFailed(), self._moment()))
        except Exception:  # noqa: BLE001 - its state is the problem; the sockets are closed below
            _log.exception("room could not be closed in order", room=live.room.name)
        live.room.participants.clear()
        live.kept_until = -math.inf
        for connection in live.connections.values():
            connection.close(1011)
        live.connections.clear()

    def _moment(self) -> Moment:
        return Moment(self._clock.monotonic(), self._clock.now())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            for live in list(self._rooms.values()):
                self._happened(live, TimePassed())

    # ---- Commands ----------------------------------------------------------------------------------------------------

    def _carry_out_all(self, live: _LiveRoom, decided: list[Command]) -> None:
        for command in decided:
            self._carry_out(live, command)

    def _carry_out(self, live: _LiveRoom, command: Command) -> None:  # noqa: C901, PLR0912, PLR0915 - one flat table
        match command:
            case commands.Send(to, response):
                if isinstance(response, State):
                    self._tell(live, to, response)
                else:
                    _send(live, to, response)
            case commands.CloseSocket(sid, code):
                self._close_socket(live, sid, code)
            case commands.SendToken(sid):
                self._send_token(live, sid)
            case commands.AddPeer(sid, is_single, tcp_only):
                peer = self._sfu.add_peer(live.handle, is_single=is_single, tcp_only=tcp_only)
                live.peers[sid] = peer
                self._peer_handles[peer] = (live, sid)
            case commands.RemovePeer(sid):
                self._remove_peer(live, sid)
            case commands.AcceptOffer(sid, _, sdp):
                self._ask(live, command, self._sfu.accept_offer(live.peers[sid], "publisher", sdp))
            case commands.CreateOffer(sid, restart_ice):
                self._ask(live, command, self._sfu.create_offer(live.peers[sid], restart_ice))
            case commands.RequireSections(sid):
                self._ask(live, command, self._sfu.require_sections(live.peers[sid]))
            case commands.AcceptAnswer(sid, sdp):
                self._ask(live, command, self._sfu.accept_answer(live.peers[sid], sdp))
            case commands.AddCandidate(sid, target, candidate):
                self._sfu.add_candidate(live.peers[sid], target, candidate)
            case commands.PublishTrack():
                self._publish(live, command)
            case commands.UnpublishTrack(track_sid):
                self._sfu.unpublish(live.tracks[track_sid])
                self._forget_track(live, track_sid)
            case commands.SetTrackMuted(track_sid, muted):
                self._sfu.set_muted(live.tracks[track_sid], muted)
            case commands.SubscribeTrack(sid, track_sid, stream_id):
                self._sfu.subscribe(live.peers[sid], live.tracks[track_sid], stream_id, track_sid)
            case commands.UnsubscribeTrack(sid, track_sid):
                self._sfu.unsubscribe(live.peers[sid], live.tracks[track_sid])
            case commands.ConfigureSubscription():
                self._sfu.set_subscription(
                    live.peers[command.sid],
                    live.tracks[command.track_sid],
                    enabled=command.enabled,
                    max_layer=command.max_layer,
                    max_fps=command.max_fps,
                    priority=command.priority,
                )
            case commands.LimitVideo(sid, bits_per_second):
                self._sfu.limit_video(live.peers[sid], bits_per_second)
            case commands.RememberProtocol(identity, protocol):
                self._protocols.remember(live.room.name, identity, protocol, self._clock.monotonic())
            case commands.SendData(to, reliable, identity, sender_sid, message):
                payload = codec.encode_data(message, reliable=reliable, identity=identity, sid=sender_sid)
                self._sfu.send_data([live.peers[sid] for sid in to], reliable, payload)
            case commands.Report(event):
                self._reports.add(event)
                if self._announce is not None:
                    self._announce(command, live.room.info())
            case _:
                assert_never(command)

    def _tell(self, live: _LiveRoom, to: Sequence[str], state: State) -> None:
        """At once after a quiet while; when much happens, what happened in the meantime together."""
        news = States.of(state)
        for sid in to:
            connection = live.connections.get(sid)
            if connection is not None:
                connection.merge(news)
                live.unflushed.add(connection)
        if live.unflushed and not live.flush_planned:
            assert self._loop is not None  # noqa: S101 - rooms exist only while the engine runs
            live.flush_planned = True
            interval = len(live.room.participants) * limits.STATE_INTERVAL_PER_PARTICIPANT
            self._loop.call_at(live.flushed_at + interval, _flush, live, self._loop)

    def _ask(
        self,
        live: _LiveRoom,
        command: _Question,
        request: int,
    ) -> None:
        self._asked[request] = _Asked(live, command)

    def _publish(self, live: _LiveRoom, command: commands.PublishTrack) -> None:
        track = self._sfu.publish(live.peers[command.sid], command.mid, command.kind, is_screen=command.is_screen)
        live.tracks[command.track_sid] = track
        self._track_handles[track] = (live, command.track_sid)
        if command.muted:
            self._sfu.set_muted(track, True)

    def _forget_track(self, live: _LiveRoom, track_sid: str) -> None:
        self._track_handles.pop(live.tracks.pop(track_sid), None)

    def _remove_peer(self, live: _LiveRoom, sid: str) -> None:
        peer = live.peers.pop(sid)
        self._peer_handles.pop(peer, None)
        live.connections.pop(sid, None)
        self._sfu.remove_peer(peer)

    def _close_socket(self, live: _LiveRoom, sid: str, code: int) -> None:
        connection = live.connections.pop(sid, None)
        if connection is None:
            return
        connection.close(code)
        self._farewells = {one for one in self._farewells if not one.finished.is_set()}
        self._farewells.add(connection)

    def _send_token(self, live: _LiveRoom, sid: str) -> None:
        participant = live.room.participants.get(sid)
        connection = live.connections.get(sid)
        if participant is None or connection is None:
            return
        token = AccessToken(
            room=live.room.name,
            identity=participant.identity,
            name=participant.name,
            metadata=participant.metadata,
            attributes=participant.attributes,
            permission=participant.permission,
        )
        connection.send(RefreshToken(self._signer.renew(token, self._clock.now(), _TOKEN_LIFE)))

    # ---- The SFU's events --------------------------------------------------------------------------------------------

    def _read_sfu(self) -> None:
        if self._loop is None:
            return
        for _ in range(_BATCHES_PER_TURN):
            batch = self._sfu.poll_events(_POLL_LIMIT)
            if not batch:
                return
            for item in batch:
                self._handle_sfu(item)
        # There may be more, and the descriptor only becomes readable when something is added.
        self._loop.call_soon(self._read_sfu)

    def _handle_sfu(self, item: tuple[Any, ...]) -> None:
        """Tell the room concerned; what no room is concerned by any more is dropped."""
        name, subject, *rest = item
        match name:
            case "reply":
                self._handle_reply(subject, *rest)
            case "track_live":
                live, track_sid = self._track_handles.get(subject, (None, ""))
                if live is not None:
                    self._happened(live, TrackWentLive(track_sid, str(rest[1])))
            case "levels":
                of_room = self._room_handles.get(subject)
                if of_room is not None:
                    self._happened(of_room, self._levels(rest[0]))
            case _:
                live, sid = self._peer_handles.get(subject, (None, ""))
                if live is not None:
                    self._handle_peer(live, sid, name, rest)

    def _handle_peer(self, live: _LiveRoom, sid: str, name: str, rest: list[Any]) -> None:
        match name:
            case "transport":
                self._happened(live, TransportChanged(sid, rest[0], rest[1]))
            case "negotiation_needed":
                self._happened(live, NegotiationNeeded(sid))
            case "data":
                self._handle_data(live, sid, reliable=rest[0], payload=rest[1])
            case "stats":
                stats = cast("dict[str, float]", rest[0])
                self._happened(live, StatsMeasured(sid, stats["loss"], stats["rtt_ms"], stats["jitter_ms"]))
            case "stream_state":
                of_room, track_sid = self._track_handles.get(rest[0], (None, ""))
                if of_room is live:
                    self._happened(live, StreamStateChanged(sid, track_sid, rest[1] == "active"))
            case "crashed":
                _log.error("a participant's transport crashed", room=live.room.name, sid=sid, text=rest[0])
                self._happened(live, PeerCrashed(sid))
            case "channel_open":
                pass

    def _handle_reply(self, request: int, value: Any, error: str | None) -> None:
        asked = self._asked.pop(request, None)
        if asked is None:
            return
        live, command = asked.live, asked.command
        if self._room_handles.get(live.handle) is not live:
            return
        if error is not None:
            target: Target = "publisher" if isinstance(command, _ABOUT_CLIENTS_OFFER) else "subscriber"
            _log.warning("description refused", room=live.room.name, sid=command.sid, target=target, error=error)
            self._happened(live, NegotiationFailed(command.sid, target, error))
            return
        self._happened(live, self._negotiated(command, value))

    def _negotiated(self, command: _Question, value: Any) -> Event:
        match command:
            case commands.AcceptOffer(sid, offer_id, _):
                sdp, sections, tracks, needs_offer = value
                known = tuple(_section(*one) for one in sections)
                return OfferAccepted(sid, offer_id, sdp, known, self._track_sids(tracks), needs_offer)
            case commands.AcceptAnswer(sid, _):
                return AnswerAccepted(sid)
            case _ if value is None:
                return OfferNotNeeded(command.sid)
            case commands.CreateOffer(sid, _):
                return OfferCreated(sid, value[0], self._track_sids(value[1]))
            case commands.RequireSections(sid):
                return SectionsRequired(sid, *value)
            case _:
                assert_never(command)

    def _handle_data(self, live: _LiveRoom, sid: str, *, reliable: bool, payload: bytes) -> None:
        try:
            message = codec.decode_data(payload)
        except MalformedMessage:
            # One lost packet is the sender's own loss; its socket says nothing about it.
            return
        self._happened(live, DataReceived(sid, reliable, message))

    def _levels(self, levels: list[tuple[int, float]]) -> LevelsMeasured:
        known = ((self._track_handles.get(track), level) for track, level in levels)
        return LevelsMeasured(tuple((owner[1], level) for owner, level in known if owner is not None))

    def _track_sids(self, tracks: dict[str, int]) -> dict[str, str]:
        known = ((mid, self._track_handles.get(track)) for mid, track in tracks.items())
        return {mid: owner[1] for mid, owner in known if owner is not None}


def _flush(live: _LiveRoom, loop: asyncio.AbstractEventLoop) -> None:
    live.flush_planned = False
    live.flushed_at = loop.time()
    unflushed, live.unflushed = live.unflushed, set()
    for connection in unflushed:
        connection.flush()


def _send(live: _LiveRoom, to: Sequence[str], response: Response) -> None:
    """Encode once for all that speak the same form."""
    frames: dict[bool, bytes | str] = {}
    for sid in to:
        connection = live.connections.get(sid)
        if connection is None:
            continue
        if connection.as_json not in frames:
            frames[connection.as_json] = codec.encode_response(response, as_json=connection.as_json)
        connection.send_frame(frames[connection.as_json])


def _section(mid: str, kind: Any, direction: str, rids: list[str], track_id: str) -> Section:
    return Section(mid, kind, direction.startswith("send"), len(rids), track_id)


def fresh_id(prefix: str) -> str:
    """An unguessable id such as ``PA_AMx7…``."""
    return prefix + secrets.token_urlsafe(9).replace("-", "x").replace("_", "y")

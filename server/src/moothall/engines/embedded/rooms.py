"""The rooms of this process.

Each event goes to its room, and what the room decides is carried out before anything else runs.

There is no await between an event and its effects, so a room is never seen half changed and needs
no lock.
"""

import math
import secrets
from collections.abc import Iterator

import structlog

from moothall.engines.embedded.execution import Execution
from moothall.engines.embedded.handles import Handles
from moothall.engines.embedded.live_room import LiveRoom
from moothall.engines.embedded.sfu import Sfu
from moothall.kit.clock import Clock
from moothall.signalling.events import Event, Moment, RoomFailed, TimePassed
from moothall.signalling.relay import Relay
from moothall.signalling.room import Room

_log = structlog.get_logger("moothall.signalling")

_SIF_TRAILER_BYTES = 16


class LiveRooms:
    """``relay``: a TURN server clients are told of."""

    def __init__(self, sfu: Sfu, handles: Handles, execution: Execution, clock: Clock, relay: Relay | None) -> None:
        self._sfu = sfu
        self._handles = handles
        self._execution = execution
        self._clock = clock
        self._relay = relay
        self._rooms: dict[str, LiveRoom] = {}

    def __iter__(self) -> Iterator[LiveRoom]:
        """A snapshot: rooms may come and go meanwhile."""
        return iter(list(self._rooms.values()))

    def get(self, name: str) -> LiveRoom | None:
        return self._rooms.get(name)

    def find_with(self, name: str, identity: str) -> LiveRoom | None:
        """The room, if this participant is in it."""
        live = self._rooms.get(name)
        return live if live is not None and live.room.find_participant(identity) is not None else None

    def open(self, name: str) -> LiveRoom:
        """The room, which is made if it is not there."""
        if name in self._rooms:
            return self._rooms[name]
        room = Room(
            name=name,
            sid=fresh_id("RM_"),
            created_at_ms=int(self._clock.now().timestamp() * 1000),
            sif_trailer=secrets.token_bytes(_SIF_TRAILER_BYTES),
            fresh_id=fresh_id,
            relay=self._relay,
            has_tcp=self._sfu.tcp_port is not None,
        )
        live = LiveRoom(room, self._sfu.add_room())
        self._rooms[name] = live
        self._handles.rooms[live.handle] = live
        return live

    def handle(self, live: LiveRoom, event: Event) -> None:
        """Let the room decide, and do what it says.

        No await from here to the end of the last command.
        """
        try:
            self._decide(live, event)
        except Exception:  # noqa: BLE001 - one room's bug is that room's restart
            # Our own bug. The other rooms go on; the people in this one are sent through a fresh
            # start.
            _log.exception("media_room_failed", room=live.room.name, event_name=type(event).__name__)
            self._abandon(live)
        if live.room.participants:
            live.kept_until = self._clock.monotonic() + live.room.settings.departure_timeout
        elif self._clock.monotonic() >= live.kept_until:
            self._close(live)

    def sharers(self, live: LiveRoom) -> frozenset[str]:
        """The identities of those who share a screen in this room, or are about to."""
        return live.room.sharers(self._moment())

    def pass_time(self) -> None:
        for live in self:
            self.handle(live, TimePassed())

    def _decide(self, live: LiveRoom, event: Event) -> None:
        for command in live.room.handle(event, self._moment()):
            self._execution.carry_out(live, command)

    def _moment(self) -> Moment:
        return Moment(self._clock.monotonic(), self._clock.now())

    def _abandon(self, live: LiveRoom) -> None:
        try:
            self._decide(live, RoomFailed())
        except Exception:  # noqa: BLE001 - its state is the problem; the sockets are closed below
            _log.exception("media_room_not_closed", room=live.room.name)
        live.room.abandon()
        live.kept_until = -math.inf
        for connection in live.connections.values():
            connection.close(1011)
        live.connections.clear()

    def _close(self, live: LiveRoom) -> None:
        if self._rooms.get(live.room.name) is live:
            del self._rooms[live.room.name]
        self._handles.rooms.pop(live.handle, None)
        for sid in list(live.peers):
            self._execution.remove_peer(live, sid)
        for track_sid in list(live.tracks):
            self._execution.forget_track(live, track_sid)
        self._sfu.remove_room(live.handle)


def fresh_id(prefix: str) -> str:
    """An unguessable id such as ``PA_AMx7…``."""
    return prefix + secrets.token_urlsafe(9).replace("-", "x").replace("_", "y")

"""A room with the SFU handles and the sockets that belong to it."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from moothall.engines.embedded.connection import Connection, States
from moothall.livekit import codec, limits
from moothall.livekit.responses import Response, State
from moothall.signalling.room import Room


@dataclass(slots=True)
class LiveRoom:
    room: Room
    handle: int
    # SFU handles by participant sid and by track sid.
    peers: dict[str, int] = field(default_factory=dict)
    tracks: dict[str, int] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    # Connections that hold states back, until the planned flush.
    _unflushed: set[Connection] = field(default_factory=set)
    _flush_planned: bool = False
    _flushed_at: float = -math.inf
    # Prepared by the server API: kept until then (monotonic seconds) although nobody is inside.
    kept_until: float = -math.inf

    def send(self, to: Sequence[str], response: Response) -> None:
        """Queue one message for these participants.

        Encoded once for all that speak the same form.
        """
        frames: dict[bool, bytes | str] = {}
        for sid in to:
            connection = self.connections.get(sid)
            if connection is None:
                continue
            if connection.as_json not in frames:
                frames[connection.as_json] = codec.encode_response(response, as_json=connection.as_json)
            connection.send_frame(frames[connection.as_json])

    def tell(self, to: Sequence[str], state: State, loop: asyncio.AbstractEventLoop) -> None:
        """Queue news of a state.

        Sent at once after a quiet while, and merged with other news when much happens.
        """
        news = States.of(state)
        for sid in to:
            connection = self.connections.get(sid)
            if connection is not None:
                connection.merge(news)
                self._unflushed.add(connection)
        if self._unflushed and not self._flush_planned:
            self._flush_planned = True
            interval = len(self.room.participants) * limits.STATE_INTERVAL_PER_PARTICIPANT
            loop.call_at(self._flushed_at + interval, self._flush, loop)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        self._flush_planned = False
        self._flushed_at = loop.time()
        unflushed, self._unflushed = self._unflushed, set()
        for connection in unflushed:
            connection.flush()

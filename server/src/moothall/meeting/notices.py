"""Data packets from the server to people inside; their payload is JSON with a ``type``."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from moothall.db import Database
from moothall.engine import MediaEngine
from moothall.kit.clock import Clock
from moothall.kit.rate_limit import RateLimits
from moothall.sessions import store as sessions
from moothall.sessions.model import Role

ROOM_TOPIC = "moothall.room"


class Notices:
    def __init__(self, *, database: Database, engine: MediaEngine, clock: Clock) -> None:
        self._clock = clock
        self._attempts: RateLimits[str] = RateLimits(per_second=1 / 10, burst=3)
        self._database = database
        self._engine = engine

    async def owners_inside(self, room_id: str) -> list[str]:
        """The participant ids of the owners who are connected."""
        people = await self._database.peek(lambda connection: sessions.people_inside(connection, room_id))
        return [person.participant_id for person in people if person.role is Role.OWNER]

    async def lobby_changed(self, room_id: str, *, waiting: int) -> None:
        """Tell the owners inside that the list of those who wait, now ``waiting``, has changed."""
        owners = await self.owners_inside(room_id)
        if owners:
            await self._send(room_id, {"type": "waiting_changed", "waiting": waiting}, to=owners)

    async def locked_out(self, room_id: str, name: str) -> None:
        """Tell the owners inside that somebody of this name found the meeting locked."""
        owners = await self.owners_inside(room_id)
        if owners and not self._attempts.take(room_id, self._clock.monotonic()):
            await self._send(room_id, {"type": "locked_out", "name": name}, to=owners)

    async def room_expired(self, room_id: str) -> None:
        """Tell everybody inside that the room's time is over."""
        await self._send(room_id, {"type": "room_expired"})

    async def tell(self, room_id: str, notice: Mapping[str, Any], *, to: Sequence[str]) -> None:
        """Tell these participants."""
        await self._send(room_id, notice, to=to)

    async def _send(self, room_id: str, notice: Mapping[str, Any], to: Sequence[str] = ()) -> None:
        await self._engine.send_data(room_id, json.dumps(notice).encode(), topic=ROOM_TOPIC, to=to)

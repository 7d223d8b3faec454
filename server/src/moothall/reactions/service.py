"""Reactions on their way to everybody: events that may be lost, with the server as author."""

import json
from collections.abc import Hashable

from moothall.engine import MediaEngine
from moothall.kit.clock import Clock
from moothall.kit.rate_limit import RateLimits
from moothall.meeting.access import Insider
from moothall.meeting.errors import NotPermitted, TooFast
from moothall.meeting.feeds import Feeds
from moothall.meeting.rights import Right
from moothall.reactions.model import Reaction

REACTION_TOPIC = "moothall.reaction"


class Reactions:
    def __init__(self, engine: MediaEngine, clock: Clock, feeds: Feeds) -> None:
        self._engine = engine
        self._clock = clock
        self._feeds = feeds
        self._of_person: RateLimits[Hashable] = RateLimits(per_second=2, burst=10)
        # Everybody sends to everybody: what a room cannot show is not sent.
        self._of_room: RateLimits[str] = RateLimits(per_second=20, burst=60)

    async def react(self, caller: Insider, reaction: Reaction) -> None:
        """Show it to everybody, unless the room shows too many. Raises NotPermitted, TooFast."""
        if Right.REACTIONS not in await self._feeds.rights(caller):
            raise NotPermitted
        now = self._clock.monotonic()
        seconds = self._of_person.take((caller.room_id, caller.participant_id), now)
        if seconds:
            raise TooFast(seconds)
        if self._of_room.take(caller.room_id, now):
            return
        packet = json.dumps({"reaction": reaction.value, "by": caller.by}, ensure_ascii=False)
        await self._engine.send_data(caller.room_id, packet.encode(), topic=REACTION_TOPIC, reliable=False)

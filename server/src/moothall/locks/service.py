"""Locking a meeting: entry ``lock`` of the feed ``state``."""

from collections.abc import Mapping, Sequence

from moothall.feeds.model import STATE, Change, Entry
from moothall.meeting.access import Caller
from moothall.meeting.feeds import Feeds, Scene
from moothall.meeting.lobby import Lobby
from moothall.meeting.rights import LOCK


class Locks:
    def __init__(self, feeds: Feeds, lobby: Lobby) -> None:
        self._feeds = feeds
        self._lobby = lobby

    async def lock(self, caller: Caller, *, locked: bool) -> None:
        """Let nobody new in, or everybody again. Raises NotPermitted, SessionUnknown."""

        def rule(scene: Scene, entries: Mapping[str, Entry]) -> Sequence[Change]:
            scene.moderates()
            if locked is (LOCK in entries):
                return ()
            return [Change(LOCK, {"by": scene.by} if locked else None)]

        await self._feeds.change(caller, STATE, rule, prefix=LOCK)
        self._lobby.tell_askers(caller.room_id)

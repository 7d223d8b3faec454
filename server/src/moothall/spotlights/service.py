"""Putting people into the spotlight of a running meeting."""

from collections.abc import Mapping, Sequence

from moothall.engine import MediaEngine
from moothall.feeds.model import STATE, Change, Entry
from moothall.meeting.access import Caller
from moothall.meeting.errors import ParticipantUnknown
from moothall.meeting.feeds import Feeds, Scene
from moothall.spotlights import model


class Spotlights:
    def __init__(self, engine: MediaEngine, feeds: Feeds) -> None:
        self._engine = engine
        self._feeds = feeds

    async def show(self, caller: Caller, participant_id: str, *, on: bool) -> None:
        """Show somebody to everybody in the first place, or no longer.

        Raises NotPermitted, SessionUnknown, ParticipantUnknown.
        """
        is_inside = participant_id in await self._engine.participants(caller.room_id)

        def rule(scene: Scene, entries: Mapping[str, Entry]) -> Sequence[Change]:
            scene.moderates()
            if not on:
                return model.hide(entries, participant_id)
            if not is_inside:
                raise ParticipantUnknown
            return model.show(entries, participant_id, scene.by)

        await self._feeds.change(caller, STATE, rule, prefix=model.PREFIX)

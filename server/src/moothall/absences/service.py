"""Telling everybody that somebody's page is in the background and their camera rests."""

from moothall.engine import AWAY_ATTRIBUTE, MediaEngine
from moothall.meeting.access import Insider


class Absences:
    def __init__(self, engine: MediaEngine) -> None:
        self._engine = engine

    async def note(self, caller: Insider, *, away: bool) -> None:
        """Mark the caller, or take the mark back; it goes with their connection."""
        attributes = {AWAY_ATTRIBUTE: "true" if away else ""}
        await self._engine.update_participant(caller.room_id, caller.participant_id, attributes=attributes)

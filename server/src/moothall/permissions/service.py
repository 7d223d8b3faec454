"""Taking rights from guests and giving them back, in the engine, too."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from moothall.db import Connection, Database
from moothall.engine import EngineEvent, MediaEngine, ParticipantJoined
from moothall.feeds import store
from moothall.feeds.model import STATE, Change, Entry
from moothall.meeting import rules
from moothall.meeting.access import Caller
from moothall.meeting.errors import ParticipantUnknown
from moothall.meeting.feeds import Feeds, Scene
from moothall.meeting.rights import ALLOWED, ONE_SHARE, PERMISSIONS, Right, rights_of, sources_of
from moothall.permissions import model
from moothall.sessions import store as sessions
from moothall.sessions.model import Attendance


class Permissions:
    def __init__(self, database: Database, engine: MediaEngine, feeds: Feeds) -> None:
        self._database = database
        self._engine = engine
        self._feeds = feeds
        # One reader at a time: an older reading must not be applied after a newer one.
        self._enforcing = asyncio.Lock()

    async def permit(self, caller: Caller, wanted: Mapping[str, bool]) -> None:
        """Say what guests may do. Raises NotPermitted, SessionUnknown."""

        def rule(scene: Scene, entries: Mapping[str, Entry]) -> Sequence[Change]:
            scene.moderates()
            return model.permit(entries, wanted, scene.by)

        await self._feeds.change(caller, STATE, rule, prefix=PERMISSIONS)
        await self.enforce(caller.room_id)

    async def allow(self, caller: Caller, participant_id: str, rights: Collection[Right]) -> None:
        """Say what one person may do although guests may not.

        Raises NotPermitted, SessionUnknown, ParticipantUnknown, FeedFull.
        """
        people = await self._database.read(lambda connection: sessions.people_inside(connection, caller.room_id))
        is_inside = any(person.participant_id == participant_id for person in people)

        def rule(scene: Scene, entries: Mapping[str, Entry]) -> Sequence[Change]:
            scene.moderates()
            if not is_inside:
                raise ParticipantUnknown
            return model.allow(entries, participant_id, rights, scene.by)

        await self._feeds.change(caller, STATE, rule, prefix=ALLOWED)
        await self.enforce(caller.room_id, only=participant_id)

    async def on_engine_events(self, events: Sequence[EngineEvent]) -> None:
        """An EngineListener: what was decided while somebody was on the way in holds for them."""
        for event in events:
            if isinstance(event, ParticipantJoined) and rules.is_person(event.kind):
                await self.enforce(event.room, only=event.identity)

    async def end_publishing(self, room_id: str, participant_id: str, right: Right) -> None:
        """End what somebody publishes by this right, which they keep."""
        await self._enforce(room_id, only=participant_id, without=right)
        await self._enforce(room_id, only=participant_id, always=True)

    async def enforce_one(self, room_id: str, participant_id: str) -> None:
        """The same for one person, whose role may be another one now."""
        await self._enforce(room_id, only=participant_id)

    async def enforce(self, room_id: str, *, only: str | None = None) -> None:
        """Let the engine know what everybody inside, or one person, may publish."""
        await self._enforce(room_id, only=only)

    async def _enforce(
        self, room_id: str, *, only: str | None, without: Right | None = None, always: bool = False
    ) -> None:
        """``always``: also where nothing was ever taken from anybody."""

        def transaction(connection: Connection) -> tuple[Sequence[Attendance], Mapping[str, Any]]:
            session = sessions.find_open_session(connection, room_id)
            if session is None:
                return (), {}
            values = {
                entry.key: entry.value
                for prefix in (PERMISSIONS, ALLOWED)
                for entry in store.find_entries(connection, session.id, STATE, prefix=prefix).values()
            }
            if not values and without is None and not always:
                return (), values
            if only is None:
                return sessions.people_inside(connection, room_id), values
            person = sessions.find_connected_attendance(connection, room_id, only)
            return ([] if person is None else [person]), values

        async with self._enforcing:
            people, values = await self._database.read(transaction)
            if PERMISSIONS in values:
                most = 1 if values[PERMISSIONS].get(ONE_SHARE) else None
                await self._engine.limit_screen_shares(room_id, most)
            for person in people:
                rights = rights_of(person.role, person.participant_id, values) - {without}
                sources = None if rights == frozenset(Right) else sources_of(rights)
                await self._engine.limit_publishing(room_id, person.participant_id, sources)

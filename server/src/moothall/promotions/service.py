"""Hosts make others hosts: entry ``host:{participant_id}`` of the feed ``state``."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from moothall.db import Connection, Database
from moothall.engine import ROLE_ATTRIBUTE, EngineEvent, MediaEngine, ParticipantJoined
from moothall.feeds import store
from moothall.feeds.model import STATE, Change, Entry, Head
from moothall.meeting import roles, rules
from moothall.meeting.access import Caller
from moothall.meeting.errors import ParticipantUnknown
from moothall.meeting.feeds import STATE_LIMITS, Feeds, Scene
from moothall.meeting.lobby import Lobby
from moothall.meeting.notices import Notices
from moothall.meeting.rights import HOST
from moothall.sessions import store as sessions
from moothall.sessions.model import Role


class Promotions:
    def __init__(
        self,
        *,
        database: Database,
        engine: MediaEngine,
        feeds: Feeds,
        notices: Notices,
        lobby: Lobby,
        on_promoted: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """``on_promoted(room id, participant id)``: called after somebody was made a host."""
        self._on_promoted = on_promoted
        self._database = database
        self._engine = engine
        self._feeds = feeds
        self._notices = notices
        self._lobby = lobby

    async def promote(self, caller: Caller, participant_id: str) -> None:
        """Make somebody inside a host; they stay one over reconnects, until the session ends.

        Raises NotPermitted, SessionUnknown, ParticipantUnknown.
        """

        def act(connection: Connection, scene: Scene) -> tuple[Head, Sequence[Entry]]:
            scene.moderates()
            stay = sessions.find_open_attendance(connection, scene.session.id, participant_id)
            if stay is None:
                raise ParticipantUnknown
            if stay.role is Role.OWNER:
                return store.find_head(connection, scene.session.id, STATE), ()
            sessions.change_role(connection, stay.id, Role.OWNER)
            change = Change(HOST + participant_id, {"by": scene.by})
            return store.write(connection, scene.session.id, STATE, [change], STATE_LIMITS)

        if await self._feeds.act(caller, STATE, act):
            await self._tell_engine(caller.room_id, participant_id, is_host=True)
            await self._notices.tell(caller.room_id, {"type": "made_host", "by": caller.by}, to=[participant_id])
            await self._on_promoted(caller.room_id, participant_id)
            # Some may be waiting for a host.
            self._lobby.tell_askers(caller.room_id)

    async def on_engine_events(self, events: Sequence[EngineEvent]) -> None:
        """An EngineListener: an earlier token may say something else than the session."""
        for event in events:
            if isinstance(event, ParticipantJoined) and rules.is_person(event.kind):
                was_told = rules.role_of(event.attributes.get(ROLE_ATTRIBUTE))
                role = await self._database.peek(partial(_role_of, joined=event))
                if role is not was_told:
                    await self._tell_engine(event.room, event.identity, is_host=role is Role.OWNER)

    async def _tell_engine(self, room_id: str, participant_id: str, *, is_host: bool) -> None:
        attributes = roles.attributes_of(Role.OWNER if is_host else Role.GUEST, promoted=is_host)
        await self._engine.update_participant(room_id, participant_id, attributes=attributes)


def _role_of(connection: Connection, joined: ParticipantJoined) -> Role:
    return roles.find_role(connection, joined.room, joined.identity, joined.attributes)

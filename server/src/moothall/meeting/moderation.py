"""Sending somebody away, and ending the session for everybody."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from moothall.db import Connection, Database
from moothall.engine import MediaEngine
from moothall.feeds.model import STATE, Change, Entry
from moothall.kit.clock import Clock
from moothall.meeting import rules, store
from moothall.meeting.access import Access, Application, Caller, Insider
from moothall.meeting.errors import NotPermitted, ParticipantUnknown, SessionUnknown
from moothall.meeting.feeds import Feeds, Scene
from moothall.meeting.gate import Gate
from moothall.meeting.lobby import Lobby
from moothall.meeting.notices import Notices
from moothall.meeting.rights import HOST
from moothall.meeting.roles import was_promoted
from moothall.meeting.tickets import TOKENS_ARE_DEAD
from moothall.meeting.tokens import LIFETIME
from moothall.meeting.writes import Writes
from moothall.sessions import service as sessions
from moothall.sessions import store as sessions_store
from moothall.sessions.model import Role


class Moderation:
    def __init__(
        self,
        *,
        database: Database,
        engine: MediaEngine,
        clock: Clock,
        writes: Writes,
        access: Access,
        gate: Gate,
        lobby: Lobby,
        notices: Notices,
        feeds: Feeds,
    ) -> None:
        self._feeds = feeds
        self._notices = notices
        self._database = database
        self._engine = engine
        self._clock = clock
        self._writes = writes
        self._access = access
        self._gate = gate
        self._lobby = lobby

    async def remove(self, room_id: str, participant_id: str) -> bool:
        """Send somebody away for as long as a token of theirs could bring them back.

        People on their way in, and those expected back after an interruption, can be removed, too.
        False when the participant is none of these.
        """
        is_connected = participant_id in await self._engine.participants(room_id)
        if not is_connected and not await self._is_expected(room_id, participant_id):
            return False
        # Written first: the gate is asked about anybody who comes back in between.
        removed_at = await self._save_removal(room_id, participant_id)
        await self._engine.remove_participant(room_id, participant_id)
        if self._clock.now() > removed_at:
            # Until then the engine may have given them a new token.
            await self._save_removal(room_id, participant_id)
        await self._demote(room_id, participant_id)
        return True

    async def remove_as(self, caller: Caller, participant_id: str, *, may_return: bool) -> None:
        """Send somebody away; they are told who did, and whether they may come back.

        Raises NotPermitted, ParticipantUnknown.
        """
        if isinstance(caller, Insider) and not rules.may_moderate(caller.role):
            raise NotPermitted
        notice = {"type": "removed", "may_return": may_return, "by": caller.by}
        if participant_id in await self._engine.participants(caller.room_id):
            await self._notices.tell(caller.room_id, notice, to=[participant_id])
        if may_return:
            # First: they may be back at once.
            await self._demote(caller.room_id, participant_id)
            was_there = await self._engine.remove_participant(caller.room_id, participant_id)
        else:
            was_there = await self.remove(caller.room_id, participant_id)
        if not was_there:
            raise ParticipantUnknown

    async def end(self, room_id: str) -> bool:
        """Close every connection, tell the people in the lobby, and void all admissions.

        Nobody can come back to this session. The room stays open. False when there was
        neither a session nor anybody connected.
        """
        now = self._clock.now()

        def transaction(connection: Connection) -> bool:
            had_session = sessions.dismiss(connection, room_id, now)
            store.delete_admissions_to(connection, room_id)
            return had_session

        # Written first: the gate lets nobody in who was inside.
        had_session = await self._writes.write(transaction)
        had_people = await self._engine.delete_room(room_id)
        self._lobby.dismiss(room_id)
        return had_session or had_people

    async def end_as(self, control_token: str) -> None:
        """End the session as an owner inside asks. Raises NotPermitted."""
        claims = await self._access.identify_moderator(control_token)
        await self.end(claims.room_id)

    async def _demote(self, room_id: str, participant_id: str) -> None:
        """If somebody made them a host, that is over."""

        def rule(_scene: Scene, entries: Mapping[str, Entry]) -> Sequence[Change]:
            # The prefix is also that of longer ids.
            return [Change(key, None) for key in entries if key == HOST + participant_id]

        # The session may have ended with them.
        with contextlib.suppress(SessionUnknown):
            await self._feeds.change(Application(room_id), STATE, rule, prefix=HOST + participant_id)

    async def _is_expected(self, room_id: str, participant_id: str) -> bool:
        if self._gate.is_expected(room_id, participant_id):
            return True
        presence = await self._database.peek(
            lambda connection: sessions_store.find_presence(connection, room_id, participant_id)
        )
        return presence.open_stays > 0

    async def _save_removal(self, room_id: str, participant_id: str) -> datetime:
        now = self._clock.now()

        def transaction(connection: Connection) -> None:
            role = sessions_store.find_role(connection, room_id, participant_id) or Role.GUEST
            store.save_removal(
                connection,
                room_id,
                participant_id,
                # The removal of a promoted guest says nothing about the host link.
                Role.GUEST if was_promoted(connection, room_id, participant_id) else role,
                until=now + TOKENS_ARE_DEAD,
                # Remembered for as long as a rejoin token could tell who this was.
                forget_before=now - LIFETIME,
            )

        await self._writes.write(transaction)
        return now

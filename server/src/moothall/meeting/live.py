"""A running meeting as its application sees and moderates it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from moothall.db import Connection, Database
from moothall.engine import LiveTrack, MediaEngine
from moothall.meeting.access import Application
from moothall.meeting.errors import ParticipantUnknown
from moothall.meeting.lobby import Lobby
from moothall.meeting.lobby_entries import LobbyEntry
from moothall.meeting.moderation import Moderation
from moothall.meeting.notices import Notices
from moothall.rooms import service as rooms
from moothall.rooms.model import Room
from moothall.sessions import store as sessions
from moothall.sessions.model import Attendance, LiveSession, Session


class TrackChoice(StrEnum):
    """Which tracks of a participant."""

    AUDIO = "audio"
    VIDEO = "video"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class LiveParticipant:
    """A person who is connected now."""

    attendance: Attendance
    tracks: Sequence[LiveTrack]


@dataclass(frozen=True, slots=True)
class LiveRoom:
    """``session`` is None when nobody is, or is expected back, inside."""

    room: Room
    session: Session | None
    participants: Sequence[LiveParticipant]
    waiting: Sequence[LobbyEntry]


@dataclass(frozen=True, slots=True)
class LiveMeeting:
    """A session that goes on. ``waiting``: the number of people who wait to be let in."""

    live: LiveSession
    waiting: int


class LiveRooms:
    def __init__(
        self, database: Database, engine: MediaEngine, notices: Notices, lobby: Lobby, moderation: Moderation
    ) -> None:
        self._notices = notices
        self._database = database
        self._engine = engine
        self._lobby = lobby
        self._moderation = moderation

    async def get(self, application_id: str, room_id: str) -> LiveRoom:
        """Raises NotFound."""

        def transaction(connection: Connection) -> tuple[Room, Session | None, list[Attendance]]:
            room = rooms.get_room(connection, application_id, room_id)
            session = sessions.find_open_session(connection, room.id)
            return room, session, [] if session is None else sessions.open_attendances(connection, session.id)

        room, session, attendances = await self._database.read(transaction)
        tracks = await self._engine.tracks(room.id)
        participants = [
            LiveParticipant(one, [track for track in tracks if track.identity == one.participant_id])
            for one in attendances
            if one.away_since is None
        ]
        return LiveRoom(room, session, participants, self._lobby.waiting_in(room.id))

    async def list(self, application_id: str, *, after: int, limit: int) -> Sequence[LiveMeeting]:
        """Return sessions that go on, with serials above ``after``, in the order of their start."""
        found = await self._database.read(
            lambda connection: sessions.live_sessions(connection, application_id, after=after, limit=limit)
        )
        return [LiveMeeting(live, len(self._lobby.waiting_in(live.session.room_id))) for live in found]

    async def end(self, application_id: str, room_id: str) -> None:
        """Everybody's connection is closed; the room stays open. Raises NotFound."""
        room = await self._find(application_id, room_id)
        await self._moderation.end(room.id)

    async def remove(self, application_id: str, room_id: str, participant_id: str) -> None:
        """Raises NotFound, ParticipantUnknown."""
        room = await self._find(application_id, room_id)
        await self._moderation.remove_as(Application(room.id), participant_id, may_return=False)

    async def mute(self, application_id: str, room_id: str, participant_id: str, choice: TrackChoice) -> int:
        """Mute these tracks.

        Returns how many were not muted before. Raises NotFound, ParticipantUnknown.
        """
        room = await self._find(application_id, room_id)
        if participant_id not in await self._engine.participants(room.id):
            raise ParticipantUnknown
        chosen = [
            track
            for track in await self._engine.tracks(room.id)
            if track.identity == participant_id
            and not track.muted
            and (choice is TrackChoice.ALL or track.kind == choice.value)
        ]
        for source in dict.fromkeys(track.source for track in chosen):
            notice = {"type": "muted", "source": source, "by": None}
            await self._notices.tell(room.id, notice, to=[participant_id])
        return sum(
            [await self._engine.mute_track(room.id, participant_id, track.track_sid, muted=True) for track in chosen]
        )

    async def answer_waiting(self, application_id: str, room_id: str, participant_id: str, *, admit: bool) -> None:
        """Raises NotFound, LobbyEntryUnknown."""
        room = await self._find(application_id, room_id)
        await self._lobby.answer(room.id, participant_id, admit=admit)

    async def _find(self, application_id: str, room_id: str) -> Room:
        return await self._database.read(lambda connection: rooms.get_room(connection, application_id, room_id))

"""A running meeting as its application sees and moderates it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from moothall.api.errors import NotFound
from moothall.db import Connection, Database
from moothall.engine import LiveTrack, MediaEngine
from moothall.meeting.errors import WaitingUnknown
from moothall.meeting.service import MeetingService
from moothall.meeting.waiting import Waiting
from moothall.rooms import service as rooms
from moothall.rooms.model import Room
from moothall.sessions import store as sessions
from moothall.sessions.model import Attendance, Session

_MAX_SHOWN_ID = 64


class TrackChoice(StrEnum):
    """Which tracks of a participant."""

    AUDIO = "audio"
    VIDEO = "video"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class LiveParticipant:
    """Somebody who is connected now."""

    attendance: Attendance
    tracks: Sequence[LiveTrack]


@dataclass(frozen=True, slots=True)
class LiveRoom:
    """``session`` is None when nobody is, or is expected back, inside."""

    room: Room
    session: Session | None
    participants: Sequence[LiveParticipant]
    waiting: Sequence[Waiting]


class LiveRooms:
    def __init__(self, database: Database, engine: MediaEngine, meeting: MeetingService) -> None:
        self._database = database
        self._engine = engine
        self._meeting = meeting

    async def get(self, application_id: str, room_id: str) -> LiveRoom:
        """Raises NotFound."""

        def transaction(connection: Connection) -> tuple[Room, Session | None, list[Attendance]]:
            room = rooms.get_room(connection, application_id, room_id)
            session = sessions.find_open_session(connection, room.id)
            return room, session, [] if session is None else sessions.open_attendances(connection, session.id)

        room, session, attendances = await self._database.read(transaction)
        inside = set(await self._engine.participants(room.id))
        tracks = await self._engine.tracks(room.id)
        participants = [
            LiveParticipant(one, [track for track in tracks if track.identity == one.participant_id])
            for one in attendances
            if one.participant_id in inside
        ]
        return LiveRoom(room, session, participants, self._meeting.waiting_in(room.id))

    async def end(self, application_id: str, room_id: str) -> None:
        """Everybody's connection is closed; the room stays open. Raises NotFound."""
        room = await self._find(application_id, room_id)
        await self._engine.delete_room(room.id)

    async def remove(self, application_id: str, room_id: str, participant_id: str) -> None:
        """Raises NotFound."""
        room = await self._find(application_id, room_id)
        if not await self._meeting.remove(room.id, participant_id):
            raise _not_inside(participant_id)

    async def mute(self, application_id: str, room_id: str, participant_id: str, choice: TrackChoice) -> int:
        """Mute what is not muted of it. Returns how many tracks that were. Raises NotFound."""
        room = await self._find(application_id, room_id)
        if participant_id not in await self._engine.participants(room.id):
            raise _not_inside(participant_id)
        muted = 0
        for track in await self._engine.tracks(room.id):
            chosen = choice is TrackChoice.ALL or track.kind == choice.value
            if track.identity == participant_id and chosen and not track.muted:
                muted += await self._engine.mute_track(room.id, participant_id, track.track_sid, muted=True)
        return muted

    async def answer_waiting(self, application_id: str, room_id: str, participant_id: str, *, yes: bool) -> None:
        """Raises NotFound."""
        room = await self._find(application_id, room_id)
        try:
            await self._meeting.answer_in(room.id, participant_id, yes=yes)
        except WaitingUnknown:
            raise NotFound(f"Participant {participant_id[:_MAX_SHOWN_ID]} does not wait in this room") from None

    async def _find(self, application_id: str, room_id: str) -> Room:
        return await self._database.read(lambda connection: rooms.get_room(connection, application_id, room_id))


def _not_inside(participant_id: str) -> NotFound:
    return NotFound(f"Participant {participant_id[:_MAX_SHOWN_ID]} is not in this room")

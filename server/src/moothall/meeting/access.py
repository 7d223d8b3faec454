"""Whose call it is: the control token of somebody who is inside."""

from dataclasses import dataclass, field
from typing import TypedDict

from moothall.db import Database
from moothall.engine import MediaEngine
from moothall.kit.clock import Clock
from moothall.meeting import rules
from moothall.meeting.attendance import AttendanceKeeper
from moothall.meeting.errors import NotPermitted
from moothall.meeting.tokens import ParticipantClaims, ParticipantTokens, Purpose
from moothall.sessions import store as sessions
from moothall.sessions.model import Role


@dataclass(frozen=True, slots=True)
class MeetingSecrets:
    """``host_link`` signs host links (see rooms.links), ``control`` the tokens of join tickets."""

    host_link: str = field(repr=False)
    control: str = field(repr=False)


class By(TypedDict):
    """Return the author of a command, as everybody is told."""

    participant_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Application:
    """The room's application commands, over the API."""

    room_id: str

    @property
    def participant_id(self) -> None:
        """It is nobody inside."""

    @property
    def by(self) -> None:
        """It has no name that people know."""


@dataclass(frozen=True, slots=True)
class Insider:
    """A command comes from a person inside. ``role`` is their present one."""

    room_id: str
    participant_id: str
    name: str
    role: Role

    @property
    def by(self) -> By:
        return By(participant_id=self.participant_id, name=self.name)


Caller = Insider | Application


class Access:
    def __init__(
        self,
        *,
        database: Database,
        engine: MediaEngine,
        clock: Clock,
        tokens: ParticipantTokens,
        attendance: AttendanceKeeper,
    ) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._tokens = tokens
        self._attendance = attendance

    def parse(self, control_token: str) -> ParticipantClaims | None:
        """Whose token it is, inside or not.

        None for anything else than a control token in its time.
        """
        return self._tokens.parse(Purpose.CONTROL, control_token, self._clock.now())

    async def identify(self, control_token: str) -> Insider:
        """The participant who is inside with this token. Raises NotPermitted."""
        claims = self.parse(control_token)
        if claims is None:
            raise NotPermitted
        insider = await self._find_inside(claims)
        if insider is None and claims.participant_id in await self._engine.participants(claims.room_id):
            # They may ask before the report that they are inside has been stored.
            await self._attendance.wait_for(claims.room_id, claims.participant_id)
            insider = await self._find_inside(claims)
        if insider is None:
            raise NotPermitted
        return insider

    async def identify_moderator(self, control_token: str) -> Insider:
        """The same for an owner. Raises NotPermitted."""
        insider = await self.identify(control_token)
        if not rules.may_moderate(insider.role):
            raise NotPermitted
        return insider

    async def _find_inside(self, claims: ParticipantClaims) -> Insider | None:
        room_id, participant_id = claims.room_id, claims.participant_id
        stay = await self._database.peek(
            lambda connection: sessions.find_connected_attendance(connection, room_id, participant_id)
        )
        return None if stay is None else Insider(room_id, participant_id, stay.name, stay.role)

"""Looking at a meeting, and joining it."""

from moothall.applications import store as applications
from moothall.db import Connection, Database
from moothall.kit.clock import Clock
from moothall.kit.ids import new_uuid
from moothall.kit.names import NameRefused
from moothall.meeting import rules
from moothall.meeting.errors import HostLinkInvalid, MeetingExpired, MeetingUnknown, NameInvalid
from moothall.meeting.gate import Gate
from moothall.meeting.lobby import Lobby
from moothall.meeting.notices import Notices
from moothall.meeting.outcome import Embedders, JoinTicket, Lookup, Wait
from moothall.meeting.roles import is_promoted
from moothall.meeting.rules import Deny, Hold
from moothall.meeting.tickets import Tickets, refuse
from moothall.rooms import store as rooms
from moothall.rooms.links import owner_of
from moothall.rooms.model import Room, has_ended
from moothall.sessions import store as sessions
from moothall.sessions.model import Role
from moothall.themes import store as themes
from moothall.themes.model import Theme, ThemeBackground


class Entry:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        host_link_secret: str,
        gate: Gate,
        tickets: Tickets,
        lobby: Lobby,
        notices: Notices,
    ) -> None:
        self._notices = notices
        self._database = database
        self._gate = gate
        self._clock = clock
        self._host_link_secret = host_link_secret
        self._tickets = tickets
        self._lobby = lobby

    async def lookup(self, meeting_code: str, participant_token: str | None) -> Lookup:
        """Raises MeetingUnknown, HostLinkInvalid, MeetingExpired."""
        room, role, _ = await self._open(meeting_code, participant_token)
        theme, backgrounds = await self._database.read(lambda connection: _read_look(connection, room))
        people = await self._database.read(lambda connection: sessions.people_inside(connection, room.id))
        return Lookup(role, room, theme, backgrounds, len(people), self._clock.now())

    async def find_embedders(self, meeting_code: str, participant_token: str | None) -> Embedders:
        """Return who may show the room in a frame, even after its end.

        Raises MeetingUnknown, HostLinkInvalid.
        """
        room, role, _ = await self._find(meeting_code, participant_token)
        domains = await self._database.read(
            lambda connection: applications.find_domains(connection, room.application_id)
        )
        return Embedders(role, domains)

    async def find_returning(self, meeting_code: str, rejoin_token: str | None) -> str | None:
        """Return the id of the participant who has this rejoin token of the meeting with this code.

        None for everybody else, be it an unknown code or the token of another meeting.
        """
        claims = self._tickets.parse_rejoin(rejoin_token)
        if claims is None:
            return None
        room = await self._database.read(lambda connection: rooms.find_room_by_code(connection, meeting_code))
        return claims.participant_id if room is not None and room.id == claims.room_id else None

    async def join(
        self,
        meeting_code: str,
        participant_token: str | None,
        name: str,
        rejoin_token: str | None = None,
        *,
        lobby_token: str | None = None,
        address: str = "",
    ) -> JoinTicket | Wait:
        """A ticket for one participant, or an entry in the lobby.

        With the rejoin token of an earlier join of this room, in the same role, it is the same
        participant, whose new connection replaces an old one. People who were let in to the session
        that goes on, or have been inside, do not wait again, unless they were sent away.
        ``lobby_token``: that of an earlier stay in the lobby, which keeps the rules about asking
        again.

        Raises MeetingUnknown, HostLinkInvalid, MeetingExpired, MeetingFull, MeetingLocked,
        MeetingUnavailable, NameInvalid, Removed, DeniedBefore.
        """
        room, role, owner = await self._open(meeting_code, participant_token)
        try:
            cleaned = rules.clean_name(name)
        except NameRefused as refused:
            raise NameInvalid(str(refused)) from None
        known = self._tickets.find_known(rejoin_token, room, role)
        promoted = role is Role.GUEST and known is not None and await self._is_promoted(room, known)
        role = Role.OWNER if promoted else role
        participant_id = known or owner or new_uuid()
        judgement = await self._gate.judge(room.id, participant_id, role, is_proven=known is not None or owner is None)
        if known is not None and role is Role.GUEST and judgement.verdict == Deny("removed"):
            # As somebody new they may ask to be let in again, where an owner decides about that.
            newcomer = await self._gate.judge(room.id, new_uuid(), role)
            judgement = newcomer if isinstance(newcomer.verdict, Hold) else judgement
        match judgement.verdict:
            case Hold(reason):
                return await self._lobby.enter(room, cleaned, reason, asked=lobby_token, address=address)
            case Deny(denial):
                if denial == "locked":
                    await self._notices.locked_out(room.id, cleaned)
                raise refuse(judgement.verdict)
        if owner is not None and known is None:
            participant_id = self._tickets.choose_owner(room, owner, judgement.standing)
        return self._tickets.issue(room, participant_id, role, cleaned, promoted=promoted)

    async def _is_promoted(self, room: Room, participant_id: str) -> bool:
        return await self._database.peek(lambda connection: is_promoted(connection, room.id, participant_id))

    async def _open(self, meeting_code: str, participant_token: str | None) -> tuple[Room, Role, str | None]:
        """As ``_find``, for a room that has not ended."""
        room, role, owner = await self._find(meeting_code, participant_token)
        if has_ended(room, self._clock.now()):
            raise MeetingExpired
        return room, role, owner

    async def _find(self, meeting_code: str, participant_token: str | None) -> tuple[Room, Role, str | None]:
        """The room, the caller's role in it, and the participant id if the caller is the owner."""
        room = await self._database.read(lambda connection: rooms.find_room_by_code(connection, meeting_code))
        if room is None:
            raise MeetingUnknown
        owner = None
        if participant_token is not None:
            owner = owner_of(room, participant_token, self._host_link_secret)
            if owner is None:
                raise HostLinkInvalid
        return room, Role.GUEST if owner is None else Role.OWNER, owner


def _read_look(connection: Connection, room: Room) -> tuple[Theme | None, tuple[ThemeBackground, ...]]:
    theme = themes.find_theme_in_force(connection, room.application_id, room.theme_id)
    return theme, () if theme is None else tuple(themes.list_backgrounds(connection, theme.theme_id))

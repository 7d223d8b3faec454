"""Join tickets: permission to connect once."""

from collections.abc import Sequence
from datetime import timedelta

from moothall.engine import TOKEN_LEEWAY, EngineEvent, JoinGrant, MediaEngine, ParticipantJoined
from moothall.kit.clock import Clock
from moothall.kit.ids import new_uuid
from moothall.meeting.arrivals import Arrivals
from moothall.meeting.errors import (
    MeetingExpired,
    MeetingFull,
    MeetingLocked,
    MeetingUnavailable,
    MeetingUnknown,
    Removed,
)
from moothall.meeting.outcome import JoinTicket
from moothall.meeting.rights import SOURCES
from moothall.meeting.roles import attributes_of
from moothall.meeting.rules import Deny, Standing
from moothall.meeting.tokens import ParticipantClaims, ParticipantTokens, Purpose
from moothall.rooms.model import Room
from moothall.sessions.model import Role

TOKEN_LIFETIME = timedelta(minutes=10)
# After this nobody gets in with a token that was made before.
TOKENS_ARE_DEAD = TOKEN_LIFETIME + TOKEN_LEEWAY


class Tickets:
    def __init__(self, *, engine: MediaEngine, clock: Clock, tokens: ParticipantTokens) -> None:
        self._engine = engine
        self._clock = clock
        self._tokens = tokens
        # Owners with a ticket for the participant id of their host link.
        self._owners_expected = Arrivals()

    def find_known(self, rejoin_token: str | None, room: Room, role: Role) -> str | None:
        """The participant who joined this room in this role before and got this token."""
        claims = self.parse_rejoin(rejoin_token)
        return claims.participant_id if claims and (claims.room_id, claims.role) == (room.id, role) else None

    def parse_rejoin(self, rejoin_token: str | None) -> ParticipantClaims | None:
        """Return whose rejoin token it is. None for anything else than one in its time."""
        if rejoin_token is None:
            return None
        now = self._clock.now()
        # Pages of the version before know one token for both.
        return self._tokens.parse(Purpose.REJOIN, rejoin_token, now) or self._tokens.parse(
            Purpose.CONTROL, rejoin_token, now
        )

    def choose_owner(self, room: Room, owner: str, standing: Standing) -> str:
        """The participant id for somebody with a host link.

        ``owner``, the link's, or a new one while somebody has that.

        Two hosts are two people. ``standing``: that of ``owner``, with no await since it was read.
        """
        now = self._clock.monotonic()
        if standing.presence.connected_stays or owner in self._owners_expected.expected(room.id, now):
            return new_uuid()
        self._owners_expected.expect(room.id, owner, now)
        return owner

    def issue(self, room: Room, participant_id: str, role: Role, name: str, *, promoted: bool = False) -> JoinTicket:
        """For somebody the rules admit. ``name`` as ``rules.clean_name`` made it.

        ``promoted``: a host although their link, which is what the page's own tokens go by, is a
        guest's.
        """
        now = self._clock.now()
        grant = JoinGrant(
            room=room.id,
            identity=participant_id,
            name=name,
            attributes={name: value for name, value in attributes_of(role, promoted=promoted).items() if value},
            can_publish_sources=SOURCES,
            ttl=TOKEN_LIFETIME,
        )
        claims = ParticipantClaims(room.id, participant_id, Role.GUEST if promoted else role)
        return JoinTicket(
            participant_id=participant_id,
            role=role,
            name=name,
            url=self._engine.client_url(),
            token=self._engine.access_token(grant),
            control_token=self._tokens.issue(Purpose.CONTROL, claims, now),
            rejoin_token=self._tokens.issue(Purpose.REJOIN, claims, now),
        )

    async def on_engine_events(self, events: Sequence[EngineEvent]) -> None:
        """An EngineListener: owners who are inside are no longer expected."""
        for event in events:
            if isinstance(event, ParticipantJoined):
                self._owners_expected.forget(event.room, event.identity)


def refuse(verdict: Deny) -> Exception:
    """The error for somebody who asks for a ticket and is denied one."""
    match verdict.reason:
        case "meeting_full":
            return MeetingFull()
        case "locked":
            return MeetingLocked()
        case "removed":
            return Removed()
        case "unknown_meeting":
            return MeetingUnknown()
        case "unavailable":
            return MeetingUnavailable()
        case _:
            return MeetingExpired()

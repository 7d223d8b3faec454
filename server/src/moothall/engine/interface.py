"""The one interface between the rules of a meeting and whatever moves its media."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol

from moothall.engine.events import EngineEvent, ParticipantKind

Source = Literal["camera", "microphone", "screen_share", "screen_share_audio"]

# LiveKit attributes that say what somebody is in the meeting. No participant changes its own,
# whatever its token grants.
ROLE_ATTRIBUTE = "role"
PROMOTED_ATTRIBUTE = "promoted"
# Set for guests whose name could be taken for that of a host.
LOOKALIKE_ATTRIBUTE = "lookalike"
# Set while somebody's page is in the background of a phone.
AWAY_ATTRIBUTE = "away"
SERVER_ATTRIBUTES = frozenset({ROLE_ATTRIBUTE, PROMOTED_ATTRIBUTE, LOOKALIKE_ATTRIBUTE, AWAY_ATTRIBUTE})


# Rooms in which somebody checks a connection before joining: no meetings, which nobody is told of.
CHECK_ROOM_PREFIX = "check:"


def is_check_room(room: str) -> bool:
    return room.startswith(CHECK_ROOM_PREFIX)


@dataclass(frozen=True, slots=True)
class JoinGrant:
    """The rights of one participant, as they go into the LiveKit access token."""

    room: str
    identity: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    can_publish: bool = True
    can_subscribe: bool = True
    can_publish_data: bool = True
    can_publish_sources: Sequence[Source] = ()
    hidden: bool = False
    kind: ParticipantKind = ParticipantKind.STANDARD
    ttl: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LiveTrack:
    """A track that others can receive now.

    ``source`` as in ``JoinGrant.can_publish_sources``, or ``unknown``.
    """

    identity: str
    track_sid: str
    kind: Literal["audio", "video"]
    source: str
    muted: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """The participant may connect now.

    ``sources``: of what the token allows, the participant may publish these. None: all of it.
    ``video_limit``: the most video it is sent, in bits per second. None: no limit.
    """

    sources: tuple[Source, ...] | None = None
    video_limit: int | None = None


RefusalReason = Literal[
    "unknown_meeting", "meeting_expired", "meeting_full", "removed", "locked", "not_admitted", "unavailable"
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The participant may not connect; ``reason`` is a code of docs/page-api.md.

    ``not_admitted``: a guest who has to wait first. ``unavailable`` passes within seconds.
    """

    reason: RefusalReason


@dataclass(frozen=True, slots=True)
class Applicant:
    """A person with a valid token who asks to connect.

    ``attributes`` and ``kind`` are those of the token. ``address``: the client's IP address, empty
    where it is not known.
    """

    room: str
    identity: str
    kind: ParticipantKind = ParticipantKind.STANDARD
    attributes: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    # False for a client that only asks whether it could connect: no place is kept for it.
    connects: bool = True


# Verifiers accept an access token for this long after its expiry, because clocks differ.
TOKEN_LEEWAY = timedelta(seconds=60)

# Asked by the embedded engine each time somebody connects with a valid token, fresh joins and
# rejoins after a restart alike. A token outlives the moment it was made: this is where "has the
# room ended since?" is answered.
AdmissionGate = Callable[[Applicant], Awaitable[Admission | Refusal]]

# Called with what happened in a room, in order, one call at a time; when much happened, with
# several events. When it raises, it is called with the same events again.
EngineListener = Callable[[Sequence[EngineEvent]], Awaitable[None]]

# Sends somebody away as the meeting's moderation does. Arguments: room, identity. False when nobody
# of that name is there.
Remover = Callable[[str, str], Awaitable[bool]]

# Ends the session in a room for everybody, as the meeting's moderation does. False when there is
# neither a session nor anybody connected.
Ender = Callable[[str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Meetings:
    """The engine's questions to the rest of the server, and its reports."""

    gate: AdmissionGate
    listener: EngineListener
    remove: Remover
    end: Ender


class MediaEngine(Protocol):
    @property
    def name(self) -> str:
        """``embedded`` or ``livekit``."""
        ...

    def access_token(self, grant: JoinGrant) -> str:
        """A LiveKit access token (HS256 JWT) for this grant."""
        ...

    def client_url(self) -> str | None:
        """Where livekit-client connects (``ws://…`` or ``wss://…`` without a path).

        None: to the origin of the page.
        """
        ...

    async def participants(self, room: str) -> list[str]:
        """The identities that are connected now; empty for a room nobody is in."""
        ...

    async def tracks(self, room: str) -> list[LiveTrack]:
        """Return the tracks that are published now; empty for an empty room."""
        ...

    async def remove_participant(self, room: str, identity: str) -> bool:
        """Disconnect with PARTICIPANT_REMOVED. False when the participant is not there."""
        ...

    async def delete_room(self, room: str) -> bool:
        """Disconnect everybody with ROOM_DELETED. False when nobody was there."""
        ...

    async def mute_track(self, room: str, identity: str, track_sid: str, *, muted: bool) -> bool:
        """Mute somebody's track. False when it is not there.

        Nobody's microphone or camera is opened from afar: ``muted=False`` does nothing and answers
        False.
        """
        ...

    async def limit_publishing(self, room: str, identity: str, sources: Sequence[Source] | None) -> bool:
        """Limit a participant to these sources within what their token allows; None: no limit.

        What they publish and may no longer publish ends at once. False when they are not there.
        """
        ...

    async def limit_screen_shares(self, room: str, most: int | None) -> bool:
        """Let no more screens than this be shared; None: as many as a room may have.

        Shares that go on are left alone. False for a room nobody is in.
        """
        ...

    async def replace_screen_shares(
        self, room: str, identity: str, *, replaced: Collection[str]
    ) -> frozenset[str] | None:
        """End the shares of ``replaced`` at once, and keep their place for ``identity`` a while.

        Returns whose shares ended. None, and nothing has changed, when somebody else shares, too,
        or is about to, or when ``identity`` is not there.
        """
        ...

    async def send_data(
        self, room: str, payload: bytes, *, topic: str, reliable: bool = True, to: Sequence[str] = ()
    ) -> None:
        """A data packet from the server to everybody, or to the identities in ``to``."""
        ...

    async def update_participant(
        self, room: str, identity: str, *, name: str | None = None, attributes: Mapping[str, str] | None = None
    ) -> bool: ...

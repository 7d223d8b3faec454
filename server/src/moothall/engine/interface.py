"""The one interface between the rules of a meeting and whatever moves its media."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol

from moothall.engine.events import EngineEvent


@dataclass(frozen=True, slots=True)
class JoinGrant:
    """What one participant may do, as it goes into the LiveKit access token."""

    room: str
    identity: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    can_publish: bool = True
    can_subscribe: bool = True
    can_publish_data: bool = True
    can_publish_sources: Sequence[Literal["camera", "microphone", "screen_share", "screen_share_audio"]] = ()
    hidden: bool = False
    ttl: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LiveTrack:
    """A track that others can receive now. ``source`` as in ``JoinGrant.can_publish_sources``, or ``unknown``."""

    identity: str
    track_sid: str
    kind: Literal["audio", "video"]
    source: str
    muted: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """The participant may connect now."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The participant may not connect; ``reason`` is a code of docs/page-api.md."""

    reason: Literal["unknown_meeting", "meeting_expired", "meeting_full", "removed", "unavailable"]


# Asked by the embedded engine each time somebody connects with a valid token, fresh joins and rejoins after a restart alike.
# Arguments: room, identity. A token outlives the moment it was made: this is where "has the room ended since?" is answered.
AdmissionGate = Callable[[str, str], Awaitable[Admission | Refusal]]

# Called with what happened in a room, in order, one call at a time; when much happened, with several events. When it raises, it is called
# with the same events again.
EngineListener = Callable[[Sequence[EngineEvent]], Awaitable[None]]

# Sends somebody away as the meeting's moderation does. Arguments: room, identity. False when nobody of that name is there.
Remover = Callable[[str, str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Meetings:
    """What an engine asks of the rest of the server, and tells it."""

    gate: AdmissionGate
    listener: EngineListener
    remove: Remover


class MediaEngine(Protocol):
    @property
    def name(self) -> str:
        """``embedded`` or ``livekit``."""
        ...

    def access_token(self, grant: JoinGrant) -> str:
        """A LiveKit access token (HS256 JWT) for this grant."""
        ...

    def client_url(self) -> str:
        """Where livekit-client connects: ``ws://…`` or ``wss://…`` without a path."""
        ...

    async def participants(self, room: str) -> list[str]:
        """The identities that are connected now; empty for a room nobody is in."""
        ...

    async def tracks(self, room: str) -> list[LiveTrack]:
        """What is published now; empty for a room nobody is in."""
        ...

    async def remove_participant(self, room: str, identity: str) -> bool:
        """Disconnect with PARTICIPANT_REMOVED. False when the participant is not there."""
        ...

    async def delete_room(self, room: str) -> bool:
        """Disconnect everybody with ROOM_DELETED. False when nobody was there."""
        ...

    async def mute_track(self, room: str, identity: str, track_sid: str, *, muted: bool) -> bool:
        """Mute somebody's track. False when it is not there.

        Nobody's microphone or camera is opened from afar: ``muted=False`` does nothing and answers False.
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

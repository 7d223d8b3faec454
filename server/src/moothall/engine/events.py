"""Events of a media engine, in the past tense.

Every engine may report the same event twice; receivers are idempotent.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ParticipantKind(StrEnum):
    """The kind of a participant, as its access token says (LiveKit's ``ParticipantInfo.Kind``)."""

    STANDARD = "standard"
    INGRESS = "ingress"
    EGRESS = "egress"
    SIP = "sip"
    AGENT = "agent"
    CONNECTOR = "connector"
    BRIDGE = "bridge"

    @property
    def is_dependent(self) -> bool:
        """Whether it is there only for the sake of others.

        Alone it is no meeting, and it takes nobody's place.
        """
        return self in (ParticipantKind.AGENT, ParticipantKind.EGRESS)


class LeaveReason(StrEnum):
    """Why a participant is gone, in the terms of LiveKit's DisconnectReason."""

    CLIENT_INITIATED = "client_initiated"
    DUPLICATE_IDENTITY = "duplicate_identity"
    SERVER_SHUTDOWN = "server_shutdown"
    PARTICIPANT_REMOVED = "participant_removed"
    ROOM_DELETED = "room_deleted"
    CONNECTION_LOST = "connection_lost"


@dataclass(frozen=True, slots=True)
class RoomStarted:
    room: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RoomFinished:
    room: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ParticipantJoined:
    """The participant's transports are up: others can see it.

    ``sid`` is new for each connection, ``identity`` is the participant id.

    When a connection takes the place of an earlier one of the same identity, its ParticipantJoined
    comes before the ParticipantLeft of the earlier ``sid``, so that nobody seems to have been away.
    """

    room: str
    identity: str
    sid: str
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    kind: ParticipantKind = ParticipantKind.STANDARD
    at: datetime = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class ParticipantLeft:
    room: str
    identity: str
    sid: str
    reason: LeaveReason
    at: datetime
    kind: ParticipantKind = ParticipantKind.STANDARD


@dataclass(frozen=True, slots=True)
class ParticipantAborted:
    """A participant that connected is gone again without ever having been seen by others."""

    room: str
    identity: str
    sid: str
    at: datetime
    kind: ParticipantKind = ParticipantKind.STANDARD


@dataclass(frozen=True, slots=True)
class TrackPublished:
    room: str
    identity: str
    track_sid: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TrackUnpublished:
    room: str
    identity: str
    track_sid: str
    source: str
    at: datetime


EngineEvent = (
    RoomStarted
    | RoomFinished
    | ParticipantJoined
    | ParticipantLeft
    | ParticipantAborted
    | TrackPublished
    | TrackUnpublished
)

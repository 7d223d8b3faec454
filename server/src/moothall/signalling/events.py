"""What can happen to a room. Past tense; ``Room.handle`` takes them one at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from moothall.signalling.messages import (
    CandidateProtocol,
    DataMessage,
    Kind,
    Permission,
    Request,
    Target,
    UpdateSubscription,
)

TransportState = Literal["connected", "disconnected", "failed", "closed"]


@dataclass(frozen=True, slots=True)
class Moment:
    """When: ``seconds`` is monotonic and for durations, ``at`` is for people."""

    seconds: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Section:
    """One media section of a client's offer. ``track_id`` is that of its ``a=msid``, or empty."""

    mid: str
    kind: Kind
    sending: bool
    layers: int
    track_id: str


# ---- From a client's socket ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClientConnected:
    """A new participant with a valid token, admitted by the meeting. ``sid`` is fresh."""

    sid: str
    identity: str
    name: str
    permission: Permission = field(default_factory=Permission)
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    auto_subscribe: bool = True
    adaptive_stream: bool = False
    client_protocol: int = 0
    # It has one connection for both directions, and offers it.
    is_single: bool = False
    # What it asked for in a connection it had a moment ago.
    candidate_protocol: CandidateProtocol = CandidateProtocol.UDP


@dataclass(frozen=True, slots=True)
class ClientResumed:
    """The same participant on a new socket."""

    sid: str


@dataclass(frozen=True, slots=True)
class ClientDetached:
    """The socket is gone. ``going_away``: the browser said that the page is being left."""

    sid: str
    going_away: bool = False


@dataclass(frozen=True, slots=True)
class RequestReceived:
    sid: str
    request: Request


@dataclass(frozen=True, slots=True)
class ClientMisbehaved:
    """It sent what cannot be read, or too much of it."""

    sid: str
    close_code: int


# ---- From the SFU ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfferAccepted:
    """The client's offer number ``offer_id`` was applied; ``sdp`` is the answer.

    Of a client with one connection ``tracks`` names the track that each section which sends to it carries; with ``needs_offer``
    something waits that only another offer can carry.
    """

    sid: str
    offer_id: int
    sdp: str
    sections: tuple[Section, ...]
    tracks: Mapping[str, str] = field(default_factory=dict)
    needs_offer: bool = False


@dataclass(frozen=True, slots=True)
class OfferCreated:
    """Our offer to the client; ``tracks`` names the track each sending section carries."""

    sid: str
    sdp: str
    tracks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SectionsRequired:
    """What a client with one connection has to add before it offers again, which may be nothing."""

    sid: str
    audios: int
    videos: int


@dataclass(frozen=True, slots=True)
class OfferNotNeeded:
    """No section had changed since the last offer."""

    sid: str


@dataclass(frozen=True, slots=True)
class AnswerAccepted:
    sid: str


@dataclass(frozen=True, slots=True)
class NegotiationFailed:
    """The SFU refused the client's description, or could not make an offer of its own."""

    sid: str
    target: Target
    error: str


@dataclass(frozen=True, slots=True)
class NegotiationNeeded:
    sid: str


@dataclass(frozen=True, slots=True)
class TransportChanged:
    sid: str
    target: Target
    state: TransportState


@dataclass(frozen=True, slots=True)
class TrackWentLive:
    """The first packet of a layer arrived."""

    track_sid: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class LevelsMeasured:
    """Loudness of every audible track, 0 … 1."""

    levels: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class StatsMeasured:
    """``loss`` is a fraction, times are milliseconds."""

    sid: str
    loss: float
    rtt_ms: float
    jitter_ms: float


@dataclass(frozen=True, slots=True)
class StreamStateChanged:
    """Whether ``sid`` gets what it subscribes to, or the room is too large for that."""

    sid: str
    track_sid: str
    active: bool


@dataclass(frozen=True, slots=True)
class DataReceived:
    sid: str
    reliable: bool
    message: DataMessage


@dataclass(frozen=True, slots=True)
class PeerCrashed:
    sid: str


# ---- From the server's own rules, and time ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RemovalRequested:
    identity: str


@dataclass(frozen=True, slots=True)
class DeletionRequested:
    pass


@dataclass(frozen=True, slots=True)
class MuteRequested:
    identity: str
    track_sid: str


@dataclass(frozen=True, slots=True)
class UpdateRequested:
    """``None`` leaves as it is; an attribute set to the empty string is removed."""

    identity: str
    name: str | None = None
    attributes: Mapping[str, str] | None = None
    permission: Permission | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionRequested:
    """What a participant receives from now on, as if it had asked for it itself."""

    identity: str
    request: UpdateSubscription


@dataclass(frozen=True, slots=True)
class SettingsRequested:
    """``None`` leaves as it is. Timeouts are seconds."""

    metadata: str | None = None
    max_participants: int | None = None
    empty_timeout: int | None = None
    departure_timeout: int | None = None


@dataclass(frozen=True, slots=True)
class BroadcastRequested:
    """The server itself says something on the data channels."""

    reliable: bool
    message: DataMessage


@dataclass(frozen=True, slots=True)
class ServerStopping:
    pass


@dataclass(frozen=True, slots=True)
class RoomFailed:
    """Our own bug: the room's state cannot be trusted any more."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """About once a second."""


Event = (
    ClientConnected
    | ClientResumed
    | ClientDetached
    | RequestReceived
    | ClientMisbehaved
    | OfferAccepted
    | OfferCreated
    | SectionsRequired
    | OfferNotNeeded
    | AnswerAccepted
    | NegotiationFailed
    | NegotiationNeeded
    | TransportChanged
    | TrackWentLive
    | LevelsMeasured
    | StatsMeasured
    | StreamStateChanged
    | DataReceived
    | PeerCrashed
    | RemovalRequested
    | DeletionRequested
    | MuteRequested
    | UpdateRequested
    | SubscriptionRequested
    | SettingsRequested
    | BroadcastRequested
    | ServerStopping
    | RoomFailed
    | TimePassed
)

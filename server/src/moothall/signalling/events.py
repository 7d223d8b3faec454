"""The events of a room. ``Room.handle`` takes them one at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from moothall.engine import ParticipantKind
from moothall.livekit.model import CandidateProtocol, DataMessage, Kind, Permission, Target, TrackSource
from moothall.livekit.requests import Request
from moothall.livekit.server_requests import ServerRequest

TransportState = Literal["connected", "disconnected", "failed", "closed"]


@dataclass(frozen=True, slots=True)
class Moment:
    """When: ``seconds`` is monotonic and for durations, ``at`` is for people."""

    seconds: float
    at: datetime

    @property
    def milliseconds(self) -> int:
        """``at`` as the protocol counts it, since 1970."""
        return int(self.at.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Section:
    """One media section of a client's offer. ``track_id`` is that of its ``a=msid``, or empty."""

    mid: str
    kind: Kind
    sending: bool
    layers: int
    track_id: str


# ---- From a client's socket ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClientConnected:
    """A new participant with a valid token, admitted by the meeting. ``sid`` is fresh."""

    sid: str
    identity: str
    name: str
    permission: Permission = field(default_factory=Permission)
    # The sources it may publish, within the permission; ``None`` allows all of them.
    sources: tuple[TrackSource, ...] | None = None
    # The most video it is sent, in bits per second; ``None``: no limit.
    video_limit: int | None = None
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    kind: ParticipantKind = ParticipantKind.STANDARD
    kind_details: tuple[int, ...] = ()
    # None: it does not expire.
    token_expires_at: datetime | None = None
    auto_subscribe: bool = True
    adaptive_stream: bool = False
    client_protocol: int = 0
    # It has one connection for both directions, and offers it.
    is_single: bool = False
    # The transport that it asked for on its previous connection.
    candidate_protocol: CandidateProtocol = CandidateProtocol.UDP


@dataclass(frozen=True, slots=True)
class ClientResumed:
    """The same participant on a new socket, with the token it has now."""

    sid: str
    token_expires_at: datetime | None = None


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


# ---- From the SFU --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfferAccepted:
    """The client's offer number ``offer_id`` was applied; ``sdp`` is the answer.

    Of a client with one connection ``tracks`` names the track that each section which sends to it
    carries; with ``needs_offer`` something waits that only another offer can carry.
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
    """Sections (possibly none) that a one-connection client must add before its next offer."""

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
class StreamCodecChanged:
    """The codec in which ``sid`` gets a track; empty when it can decode none of those there are."""

    sid: str
    track_sid: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class DataReceived:
    sid: str
    reliable: bool
    message: DataMessage


@dataclass(frozen=True, slots=True)
class PeerCrashed:
    sid: str


# ---- From the server's own rules, and time -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RemovalRequested:
    identity: str


@dataclass(frozen=True, slots=True)
class DeletionRequested:
    pass


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
    | StreamCodecChanged
    | DataReceived
    | PeerCrashed
    | RemovalRequested
    | DeletionRequested
    | ServerRequest
    | ServerStopping
    | RoomFailed
    | TimePassed
)

"""The messages the server sends to clients: what ``codec`` encodes."""

from dataclasses import dataclass, field

from moothall.livekit.model import (
    ConnectionQuality,
    DisconnectReason,
    LeaveAction,
    ParticipantInfo,
    RequestResult,
    RoomInfo,
    TrackInfo,
    VideoQuality,
)
from moothall.livekit.requests import AddTrack, Answer, MuteTrack, Offer


@dataclass(frozen=True, slots=True)
class IceServer:
    """A TURN server the client may reach us through."""

    urls: tuple[str, ...]
    username: str
    credential: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Join:
    room: RoomInfo
    participant: ParticipantInfo
    other_participants: tuple[ParticipantInfo, ...]
    sif_trailer: bytes
    ice_servers: tuple[IceServer, ...] = ()
    # The connection that the client waits for is the one we offer.
    subscriber_primary: bool = True
    # The client is to use nothing but the servers above.
    force_relay: bool = False


@dataclass(frozen=True, slots=True)
class Reconnect:
    """``last_message_seq``: of the client's reliable data packets, the last one that arrived."""

    last_message_seq: int
    ice_servers: tuple[IceServer, ...] = ()
    # As in Join.
    force_relay: bool = False


@dataclass(frozen=True, slots=True)
class ParticipantUpdate:
    participants: tuple[ParticipantInfo, ...]


@dataclass(frozen=True, slots=True)
class TrackPublished:
    cid: str
    track: TrackInfo


@dataclass(frozen=True, slots=True)
class TrackUnpublished:
    track_sid: str


@dataclass(frozen=True, slots=True)
class Leave:
    reason: DisconnectReason
    action: LeaveAction


@dataclass(frozen=True, slots=True)
class Speaker:
    """``level`` 0 … 1."""

    sid: str
    level: float
    active: bool
    # As in ParticipantInfo.
    written: list[bytes] = field(default_factory=list, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SpeakersChanged:
    speakers: tuple[Speaker, ...]


@dataclass(frozen=True, slots=True)
class RoomUpdate:
    room: RoomInfo


@dataclass(frozen=True, slots=True)
class QualityReport:
    """``score`` is a mean opinion score, 1 … 4.5."""

    participant_sid: str
    quality: ConnectionQuality
    score: float
    # As in ParticipantInfo.
    written: list[bytes] = field(default_factory=list, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ConnectionQualityUpdate:
    reports: tuple[QualityReport, ...]


@dataclass(frozen=True, slots=True)
class StreamState:
    """The state of a subscribed track: forwarded, or paused for lack of bandwidth."""

    participant_sid: str
    track_sid: str
    active: bool


@dataclass(frozen=True, slots=True)
class StreamStateUpdate:
    streams: tuple[StreamState, ...]


@dataclass(frozen=True, slots=True)
class SubscribedQualityUpdate:
    """The layers a publisher needs to encode: ``max_quality`` is OFF when nobody watches.

    ``backups``: the same of other codecs.
    """

    track_sid: str
    codec: str
    max_quality: VideoQuality
    backups: tuple[tuple[str, VideoQuality], ...] = ()


@dataclass(frozen=True, slots=True)
class SubscribedAudioCodecUpdate:
    """The codecs a publisher needs to send its sound in."""

    track_sid: str
    codecs: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class SubscriptionPermissionUpdate:
    participant_sid: str
    track_sid: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class RefreshToken:
    token: str


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to ``Ping``; ``now_ms`` is this server's clock."""

    timestamp: int
    now_ms: int
    legacy: bool


@dataclass(frozen=True, slots=True)
class SubscriptionFailed:
    track_sid: str


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    request_id: int
    result: RequestResult
    message: str
    # The request being answered where it has no number of its own.
    add_track: AddTrack | None = None


@dataclass(frozen=True, slots=True)
class TrackSubscribed:
    track_sid: str


@dataclass(frozen=True, slots=True)
class SectionsRequirement:
    """The client must add this many sections to receive in, and offer again even if it is none."""

    audios: int
    videos: int


Response = (
    Offer
    | Answer
    | Join
    | Reconnect
    | ParticipantUpdate
    | TrackPublished
    | TrackUnpublished
    | Leave
    | MuteTrack
    | SpeakersChanged
    | RoomUpdate
    | ConnectionQualityUpdate
    | StreamStateUpdate
    | SubscribedQualityUpdate
    | SubscribedAudioCodecUpdate
    | SubscriptionPermissionUpdate
    | RefreshToken
    | Pong
    | SubscriptionFailed
    | RequestAnswered
    | TrackSubscribed
    | SectionsRequirement
)

# State that is sent repeatedly: only the latest message about a participant or track counts.
State = ParticipantUpdate | SpeakersChanged | ConnectionQualityUpdate | StreamStateUpdate

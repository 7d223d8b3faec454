"""The LiveKit messages this server understands, as plain Python: what ``codec`` decodes to and encodes from.

Numbers of the enums are those of the protocol (livekit_models.proto, livekit_rtc.proto). Field names are the protocol's as well.
Text that reaches these classes has been checked against ``limits``.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

Target = Literal["publisher", "subscriber"]
Kind = Literal["audio", "video"]


class TrackSource(IntEnum):
    UNKNOWN = 0
    CAMERA = 1
    MICROPHONE = 2
    SCREEN_SHARE = 3
    SCREEN_SHARE_AUDIO = 4


class VideoQuality(IntEnum):
    LOW = 0
    MEDIUM = 1
    HIGH = 2
    OFF = 3


class ConnectionQuality(IntEnum):
    POOR = 0
    GOOD = 1
    EXCELLENT = 2
    LOST = 3


class ParticipantState(IntEnum):
    JOINING = 0
    JOINED = 1
    ACTIVE = 2
    DISCONNECTED = 3


class DisconnectReason(IntEnum):
    UNKNOWN_REASON = 0
    CLIENT_INITIATED = 1
    DUPLICATE_IDENTITY = 2
    SERVER_SHUTDOWN = 3
    PARTICIPANT_REMOVED = 4
    ROOM_DELETED = 5
    STATE_MISMATCH = 6
    JOIN_FAILURE = 7
    SIGNAL_CLOSE = 9
    CONNECTION_TIMEOUT = 14
    MEDIA_FAILURE = 15


class LeaveAction(IntEnum):
    DISCONNECT = 0
    RESUME = 1
    RECONNECT = 2


class CandidateProtocol(IntEnum):
    """What a client is to reach us over: ``UDP`` means whatever works, ``TLS`` a TURN server and nothing else."""

    UDP = 0
    TCP = 1
    TLS = 2


class RequestResult(IntEnum):
    OK = 0
    NOT_FOUND = 1
    NOT_ALLOWED = 2
    LIMIT_EXCEEDED = 3
    UNSUPPORTED_TYPE = 5
    INVALID_REQUEST = 11


@dataclass(frozen=True, slots=True)
class Permission:
    can_subscribe: bool = True
    can_publish: bool = True
    can_publish_data: bool = True
    # Empty: every source.
    can_publish_sources: tuple[TrackSource, ...] = ()
    can_update_metadata: bool = False
    hidden: bool = False

    def allows_source(self, source: TrackSource) -> bool:
        return self.can_publish and (not self.can_publish_sources or source in self.can_publish_sources)


@dataclass(frozen=True, slots=True)
class VideoLayer:
    quality: VideoQuality
    width: int
    height: int
    bitrate: int


# ---- What clients say ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """A description of the transport the sender owns. ``id`` is echoed in the answer; 0 when the sender does not count."""

    sdp: str
    id: int
    mid_to_track_id: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    sdp: str
    id: int
    # Of a client with one connection: which track each section that sends to it carries.
    mid_to_track_id: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trickle:
    candidate: str
    target: Target


@dataclass(frozen=True, slots=True)
class AddTrack:
    cid: str
    kind: Kind
    source: TrackSource = TrackSource.UNKNOWN
    name: str = ""
    muted: bool = False
    width: int = 0
    height: int = 0
    layers: tuple[VideoLayer, ...] = ()
    codec: str = ""
    stereo: bool = False
    disable_dtx: bool = False
    disable_red: bool = False
    encryption: int = 0
    stream: str = ""
    audio_features: tuple[int, ...] = ()
    # Set when the client wants to add a backup codec to a published track.
    sid: str = ""


@dataclass(frozen=True, slots=True)
class MuteTrack:
    """From a client: its own track. From the server: the client must mute it."""

    sid: str
    muted: bool


@dataclass(frozen=True, slots=True)
class UpdateSubscription:
    track_sids: tuple[str, ...]
    subscribe: bool


@dataclass(frozen=True, slots=True)
class UpdateTrackSettings:
    track_sids: tuple[str, ...]
    disabled: bool = False
    quality: VideoQuality = VideoQuality.HIGH
    width: int = 0
    height: int = 0
    fps: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class LeaveRequested:
    """The client goes on purpose."""


@dataclass(frozen=True, slots=True)
class UpdateMetadata:
    request_id: int
    metadata: str
    name: str
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class TrackPermission:
    participant_identity: str
    participant_sid: str
    all_tracks: bool
    track_sids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionPermission:
    all_participants: bool
    track_permissions: tuple[TrackPermission, ...]


@dataclass(frozen=True, slots=True)
class SyncState:
    """What a resuming client believes: its publications, what it unsubscribed from or subscribed to, what it disabled."""

    published_sids: tuple[str, ...]
    subscription: UpdateSubscription | None
    disabled_sids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """What a client with one connection says as it connects. ``resumes``: the sid it had, or ``None`` when it is new."""

    auto_subscribe: bool
    adaptive_stream: bool
    client_protocol: int
    # The SDK's name in the protocol's enumeration, lower case: "js", "python", …
    sdk: str
    resumes: str | None
    # What it wants to say first, in order.
    requests: tuple["Request", ...]


@dataclass(frozen=True, slots=True)
class Simulate:
    """A client asks for a failure of its own connection, to test itself.

    ``scenario`` is the protocol's field name, ``value`` what the field holds: bits a second, or a ``CandidateProtocol`` or none that we know.
    """

    scenario: str
    value: int = 0


@dataclass(frozen=True, slots=True)
class Ping:
    """``timestamp`` in milliseconds of the client's clock; ``legacy`` for the bare-number form, answered by a bare number."""

    timestamp: int
    legacy: bool


@dataclass(frozen=True, slots=True)
class UpdateAudioTrack:
    track_sid: str
    features: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UpdateVideoTrack:
    track_sid: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A message of the protocol that this server does not serve. ``kind`` is its field name, empty for an unknown one."""

    kind: str


Request = (
    Offer
    | Answer
    | Trickle
    | AddTrack
    | MuteTrack
    | UpdateSubscription
    | UpdateTrackSettings
    | LeaveRequested
    | UpdateMetadata
    | SubscriptionPermission
    | SyncState
    | Simulate
    | Ping
    | UpdateAudioTrack
    | UpdateVideoTrack
    | Unsupported
)


# ---- What the server says --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TrackInfo:
    sid: str
    kind: Kind
    name: str
    source: TrackSource
    muted: bool
    mime_type: str
    mid: str
    cid: str
    width: int = 0
    height: int = 0
    simulcast: bool = False
    layers: tuple[VideoLayer, ...] = ()
    stereo: bool = False
    disable_dtx: bool = False
    disable_red: bool = False
    encryption: int = 0
    stream: str = ""
    audio_features: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ParticipantInfo:
    sid: str
    identity: str
    name: str
    state: ParticipantState
    metadata: str
    attributes: dict[str, str]
    tracks: tuple[TrackInfo, ...]
    joined_at_ms: int
    # Rises with every change: a client drops an update that is older than what it has.
    version: int
    permission: Permission
    client_protocol: int
    disconnect_reason: DisconnectReason = DisconnectReason.UNKNOWN_REASON
    # The codec keeps here what it has written: hundreds of receivers get the same.
    written: list[bytes] = field(default_factory=list, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RoomInfo:
    sid: str
    name: str
    num_participants: int
    num_publishers: int
    created_at_ms: int
    metadata: str = ""
    # 0: no limit but the meeting's. Timeouts are seconds.
    max_participants: int = 0
    empty_timeout: int = 0
    departure_timeout: int = 0


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
    """Whether a track that the receiver subscribes to is forwarded to it, or held back for want of room."""

    participant_sid: str
    track_sid: str
    active: bool


@dataclass(frozen=True, slots=True)
class StreamStateUpdate:
    streams: tuple[StreamState, ...]


@dataclass(frozen=True, slots=True)
class SubscribedQualityUpdate:
    """What the publisher needs to encode: ``max_quality`` OFF when nobody watches."""

    track_sid: str
    codec: str
    max_quality: VideoQuality


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
    | SubscriptionPermissionUpdate
    | RefreshToken
    | Pong
    | SubscriptionFailed
    | RequestAnswered
    | TrackSubscribed
    | SectionsRequirement
)

# What is said about participants and tracks again and again: the latest is all that counts.
State = ParticipantUpdate | SpeakersChanged | ConnectionQualityUpdate | StreamStateUpdate


# ---- Data packets ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DataMessage:
    """One packet of a data channel. ``body`` is opaque outside ``codec``."""

    body: object
    size: int
    # Counts a sender's reliable packets; 0 when the sender does not.
    sequence: int
    # Both empty: everybody.
    destination_identities: frozenset[str]
    destination_sids: frozenset[str]
    # False for what only the server may say or consume (speaker lists, metrics).
    relayed: bool

    def is_for(self, identity: str, sid: str) -> bool:
        if not self.destination_identities and not self.destination_sids:
            return True
        return identity in self.destination_identities or sid in self.destination_sids

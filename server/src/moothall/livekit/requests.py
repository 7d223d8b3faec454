"""The messages clients send: what ``codec`` decodes to.

Offers, answers and mutes travel in both directions.
"""

from dataclasses import dataclass, field

from moothall.livekit.model import Kind, SimulcastCodec, Target, TrackSource, VideoLayer, VideoQuality


@dataclass(frozen=True, slots=True)
class Offer:
    """A description of the transport the sender owns.

    ``id`` is echoed in the answer; 0 when the sender does not count.
    """

    sdp: str
    id: int
    mid_to_track_id: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    sdp: str
    id: int
    # One-connection clients only: the track in each section that sends to the client.
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
    # Codecs the track comes in: the one it is published in, and perhaps one that may be asked for.
    codecs: tuple[SimulcastCodec, ...] = ()
    stereo: bool = False
    disable_dtx: bool = False
    disable_red: bool = False
    encryption: int = 0
    stream: str = ""
    audio_features: tuple[int, ...] = ()
    packet_trailer_features: tuple[int, ...] = ()
    # A number of LiveKit's ``BackupCodecPolicy``.
    backup_codec_policy: int = 0
    # Set when the client wants to add a backup codec to a published track.
    sid: str = ""

    @property
    def codec(self) -> str:
        """Lower-case name of the codec the track is published in, such as ``vp9``.

        Empty when the client did not say.
        """
        return self.codecs[0].name if self.codecs else ""


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
    """The state of a resuming client: publications, changed subscriptions, disabled tracks."""

    published_sids: tuple[str, ...]
    subscription: UpdateSubscription | None
    disabled_sids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """The join request of a client with one connection.

    ``resumes``: the sid it had, or ``None`` when it is new.
    """

    auto_subscribe: bool
    adaptive_stream: bool
    client_protocol: int
    # The SDK's name in the protocol's enumeration, lower case: "js", "python", …
    sdk: str
    resumes: str | None
    # The first requests of the client, in order.
    requests: tuple["Request", ...]


@dataclass(frozen=True, slots=True)
class Simulate:
    """A client asks for a failure of its own connection, to test itself.

    ``scenario`` is the protocol's field name, ``value`` what the field holds: bits a second, or a
    ``CandidateProtocol`` or none that we know.
    """

    scenario: str
    value: int = 0


@dataclass(frozen=True, slots=True)
class Ping:
    """``timestamp`` in milliseconds of the client's clock.

    ``legacy`` for the bare-number form, answered by a bare number.
    """

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
    """A message of the protocol that this server does not serve.

    ``kind`` is its field name, empty for an unknown one.
    """

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

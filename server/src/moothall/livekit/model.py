"""LiveKit's participants, tracks and rooms as plain Python.

What both engines and the server API speak of.

Numbers of the enums are those of the protocol (livekit_models.proto, livekit_rtc.proto). Field
names are the protocol's as well. Text that reaches these classes has been checked against
``limits``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Literal

from moothall.engine import EngineEvent, ParticipantKind
from moothall.livekit import limits

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
    """The transport that a client must use.

    ``UDP`` means whatever works, ``TLS`` a TURN server and nothing else.
    """

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

    def limited_to(self, sources: tuple[TrackSource, ...] | None) -> "Permission":
        """This permission, as far as it is about these sources; None: all of it."""
        if sources is None:
            return self
        kept = tuple(source for source in sources if self.allows_source(source))
        return replace(self, can_publish=bool(kept), can_publish_sources=kept)


@dataclass(frozen=True, slots=True)
class VideoLayer:
    quality: VideoQuality
    width: int
    height: int
    # Bits a second.
    bitrate: int
    ssrc: int = 0
    repair_ssrc: int = 0
    spatial_layer: int = 0
    rid: str = ""


@dataclass(frozen=True, slots=True)
class SimulcastCodec:
    """A codec that a track comes in.

    ``mime_type`` as in ``video/VP9``; ``cid`` is the track id of its media section.
    """

    mime_type: str
    cid: str
    layers: tuple[VideoLayer, ...] = ()
    # A number of LiveKit's ``VideoLayer.Mode``.
    layer_mode: int = 0
    mid: str = ""

    @property
    def name(self) -> str:
        """Lower-case name of the codec, such as ``vp9``."""
        return self.mime_type.partition("/")[2].lower()


@dataclass(frozen=True, slots=True)
class TrackInfo:
    sid: str
    kind: Kind
    name: str
    source: TrackSource
    muted: bool
    mime_type: str
    mid: str
    # The first is the one above.
    codecs: tuple[SimulcastCodec, ...]
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
    packet_trailer_features: tuple[int, ...] = ()
    # A number of LiveKit's ``BackupCodecPolicy``.
    backup_codec_policy: int = 0


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
    kind: ParticipantKind = ParticipantKind.STANDARD
    # Numbers of LiveKit's ``ParticipantInfo.KindDetail``.
    kind_details: tuple[int, ...] = ()
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
class DataMessage:
    """One packet of a data channel. ``body`` is opaque outside ``codec``."""

    body: object
    size: int
    # Counts a sender's reliable packets; 0 when the sender does not.
    sequence: int
    # Both empty: everybody.
    destination_identities: frozenset[str]
    destination_sids: frozenset[str]
    # False for packets that only the server may send or consume (speaker lists, metrics).
    relayed: bool
    # Captions are for agents and the server to send.
    is_caption: bool = False
    # The identity that the sender wrote into the packet; believed of agents alone, and of captions
    # alone.
    claimed_identity: str = ""
    # For a packet of a data stream: the id of the stream and the kind of packet.
    stream_id: str = ""
    stream_part: Literal["", "header", "chunk", "trailer"] = ""

    def is_for(self, identity: str, sid: str) -> bool:
        if not self.destination_identities and not self.destination_sids:
            return True
        return identity in self.destination_identities or sid in self.destination_sids


@dataclass(frozen=True, slots=True)
class Report:
    """An engine event with the details that webhooks carry besides it."""

    event: EngineEvent
    participant: ParticipantInfo | None = None
    track: TrackInfo | None = None


def attributes_fit(attributes: Mapping[str, str], changes: Mapping[str, str]) -> bool:
    """Whether a participant's attributes stay within the limits with these changes."""
    merged = {**attributes, **changes}
    size = sum(len(key.encode()) + len(value.encode()) for key, value in merged.items())
    return len(merged) <= limits.MAX_ATTRIBUTES and size <= limits.MAX_ATTRIBUTES_BYTES

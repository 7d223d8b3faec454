"""One participant of a room: who it is, what it publishes, what it chose to receive."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from moothall.signalling import limits
from moothall.signalling.events import ClientConnected, Section, TransportState
from moothall.signalling.messages import (
    AddTrack,
    CandidateProtocol,
    ConnectionQuality,
    DisconnectReason,
    Kind,
    ParticipantInfo,
    ParticipantState,
    Permission,
    QualityReport,
    SubscriptionPermission,
    Target,
    TrackInfo,
    UpdateTrackSettings,
    VideoQuality,
)
from moothall.signalling.session import Session, SingleSession
from moothall.signalling.token_bucket import TokenBucket

# A layer counts as large enough when it misses the wanted size by no more than this.
_SIZE_TOLERANCE = 0.9
_FULL_PERMISSION = SubscriptionPermission(all_participants=True, track_permissions=())


@dataclass(slots=True)
class Track:
    """A publication. It is *bound* when a media section carries it and *announced* once the others know of it."""

    sid: str
    request: AddTrack
    muted: bool
    mid: str = ""
    layers: int = 1
    mime_type: str = ""
    live: bool = False
    announced: bool = False
    audio_features: tuple[int, ...] = ()
    width: int = 0
    height: int = 0
    # Whether the publisher knows that somebody receives it.
    received: bool = False
    # Dynacast: what the publisher was last told to encode.
    told_quality: VideoQuality = VideoQuality.HIGH

    @property
    def kind(self) -> Kind:
        return self.request.kind

    @property
    def source_name(self) -> str:
        return self.request.source.name.lower()

    @property
    def codec(self) -> str:
        """The codec's lower-case name, as dynacast messages spell it."""
        return (self.mime_type or self._requested_mime_type).split("/")[1].lower()

    @property
    def _requested_mime_type(self) -> str:
        if self.kind == "audio":
            return "audio/opus"
        return f"video/{self.request.codec.upper() or 'VP8'}"

    @property
    def forbids_redundancy(self) -> bool:
        """Whether its sound must not be sent twice: what is encrypted end to end could not be taken apart on the way."""
        return self.request.disable_red or self.request.encryption != 0

    def info(self) -> TrackInfo:
        request = self.request
        return TrackInfo(
            sid=self.sid,
            kind=request.kind,
            name=request.name,
            source=request.source,
            muted=self.muted,
            mime_type=self.mime_type or self._requested_mime_type,
            mid=self.mid,
            cid=request.cid,
            width=self.width,
            height=self.height,
            simulcast=self.layers > 1,
            layers=request.layers,
            stereo=request.stereo,
            disable_dtx=request.disable_dtx,
            disable_red=self.forbids_redundancy,
            encryption=request.encryption,
            stream=request.stream,
            audio_features=self.audio_features,
        )

    def quality_for(self, settings: UpdateTrackSettings) -> VideoQuality:
        """The smallest layer that fills the wanted size; without a size, the quality asked for."""
        if not settings.width or not settings.height:
            return min(settings.quality, VideoQuality.HIGH)
        wanted = sorted((settings.width, settings.height))
        for layer in sorted(self.request.layers, key=lambda layer: layer.quality):
            size = sorted((layer.width, layer.height))
            if all(have >= want * _SIZE_TOLERANCE for have, want in zip(size, wanted, strict=True)):
                return min(layer.quality, VideoQuality.HIGH)
        return VideoQuality.HIGH


@dataclass(slots=True)
class Choice:
    """What a participant decided about one track; ``None`` is the default of its connection."""

    subscribe: bool | None = None
    settings: UpdateTrackSettings | None = None


@dataclass(slots=True)
class Participant:
    sid: str
    identity: str
    name: str
    permission: Permission
    metadata: str
    attributes: dict[str, str]
    auto_subscribe: bool
    adaptive_stream: bool
    client_protocol: int
    session: Session
    connected_at: float
    joined_at_ms: int
    # Rises whenever ``info`` would say something else.
    version: int = 1
    told: ParticipantInfo | None = None
    state: ParticipantState = ParticipantState.JOINED
    # By track sid. Pending tracks wait for a media section, published ones have it.
    pending: dict[str, Track] = field(default_factory=dict)
    published: dict[str, Track] = field(default_factory=dict)
    # Media sections of the last offer that send and carry no track of ours yet, by mid.
    spare_sections: dict[str, Section] = field(default_factory=dict)
    choices: dict[str, Choice] = field(default_factory=dict)
    subscribed: set[str] = field(default_factory=set)
    # Of these, which the SFU holds back, and this participant was told of.
    paused: set[str] = field(default_factory=set)
    # When it is told of these again.
    reminders: list[float] = field(default_factory=list)
    # Tracks no longer subscribed to, and the number of the offer that takes them away. Until it is answered the client has them, and would
    # lose one that came back in the same offer, because it comes under the same ids.
    released: dict[str, int] = field(default_factory=dict)
    # Others' tracks this participant was told it may not have.
    denied: set[str] = field(default_factory=set)
    audience: SubscriptionPermission = _FULL_PERMISSION
    last_sequence: int = 0
    quality: tuple[ConnectionQuality, float] | None = None
    # The participant whose place this one takes when it becomes active: the same person's earlier connection.
    replaces: "Participant | None" = None
    reported: bool = False
    token_sent_at: float = 0.0
    transports: dict[Target, TransportState] = field(default_factory=dict)
    transport_lost_at: float | None = None
    # Whether a resume already tried to repair the loss.
    resumed_while_lost: bool = False
    detached_at: float | None = None
    going_away: bool = False
    # A client that tests itself wants to lose its next resumed socket: before or after what a resume begins with.
    loses_resume: Literal["", "before", "after"] = ""
    # What a client that tests itself wants its next connection to go over.
    candidate_protocol: CandidateProtocol = CandidateProtocol.UDP
    packets: TokenBucket = field(
        default_factory=lambda: TokenBucket(rate=limits.MAX_DATA_PACKETS_PER_SECOND, burst=limits.MAX_DATA_PACKET_BURST)
    )
    bytes: TokenBucket = field(
        default_factory=lambda: TokenBucket(rate=limits.MAX_DATA_BYTES_PER_SECOND, burst=limits.MAX_DATA_BYTE_BURST)
    )

    @classmethod
    def connecting(cls, event: ClientConnected, *, now: float, joined_at_ms: int) -> "Participant":
        return cls(
            sid=event.sid,
            identity=event.identity,
            name=event.name,
            permission=event.permission,
            metadata=event.metadata,
            attributes=dict(event.attributes),
            auto_subscribe=event.auto_subscribe,
            adaptive_stream=event.adaptive_stream,
            client_protocol=event.client_protocol,
            session=SingleSession(event.sid) if event.is_single else Session(event.sid),
            connected_at=now,
            joined_at_ms=joined_at_ms,
            candidate_protocol=event.candidate_protocol,
        )

    @property
    def active(self) -> bool:
        return self.state is ParticipantState.ACTIVE

    @property
    def visible(self) -> bool:
        return self.active and not self.permission.hidden

    def track(self, sid: str) -> Track | None:
        return self.published.get(sid) or self.pending.get(sid)

    def announced_tracks(self) -> list[Track]:
        return [track for track in self.published.values() if track.announced]

    def info(self) -> ParticipantInfo:
        """As of this version."""
        if self.told is None or self.told.version != self.version:
            self.told = self.describe()
        return self.told

    def describe(self, *, reason: DisconnectReason = DisconnectReason.UNKNOWN_REASON) -> ParticipantInfo:
        """As of now, and why it left."""
        return ParticipantInfo(
            sid=self.sid,
            identity=self.identity,
            name=self.name,
            state=self.state,
            metadata=self.metadata,
            attributes=dict(self.attributes),
            tracks=tuple(track.info() for track in self.announced_tracks()),
            joined_at_ms=self.joined_at_ms,
            version=self.version,
            permission=self.permission,
            client_protocol=self.client_protocol,
            disconnect_reason=reason,
        )

    def quality_report(self) -> QualityReport | None:
        return QualityReport(self.sid, *self.quality) if self.quality is not None else None

    def choice(self, track_sid: str) -> Choice | None:
        """The choice for this track, to be changed; ``None`` when there is no room for another one."""
        if track_sid not in self.choices and len(self.choices) >= limits.MAX_TRACK_CHOICES:
            return None
        return self.choices.setdefault(track_sid, Choice())

    def wants(self, track: Track) -> bool:
        choice = self.choices.get(track.sid)
        if choice is None or choice.subscribe is None:
            return self.auto_subscribe
        return choice.subscribe

    def settings_for(self, track: Track) -> UpdateTrackSettings:
        choice = self.choices.get(track.sid)
        if choice is not None and choice.settings is not None:
            return choice.settings
        default = VideoQuality.LOW if self.adaptive_stream else VideoQuality.HIGH
        return UpdateTrackSettings((track.sid,), quality=default)

    def admits(self, subscriber: "Participant", track: Track) -> bool:
        """Whether this publisher lets that participant have the track."""
        if self.audience.all_participants:
            return True
        return any(
            (
                permission.participant_identity == subscriber.identity
                or (not permission.participant_identity and permission.participant_sid == subscriber.sid)
            )
            and (permission.all_tracks or track.sid in permission.track_sids)
            for permission in self.audience.track_permissions
        )

    def claim_pending(self, section: Section, offered_ids: frozenset[str]) -> Track | None:
        """The pending track that this section carries: the one it names, else the first of its kind that no section names.

        The second rule is for browsers that give tracks in SDP other ids than in JavaScript.
        """
        candidates = [track for track in self.pending.values() if track.kind == section.kind]
        for track in candidates:
            if track.request.cid == section.track_id:
                return track
        return next((track for track in candidates if track.request.cid not in offered_ids), None)

    def bind(self, track: Track, section: Section) -> None:
        del self.pending[track.sid]
        track.mid = section.mid
        track.layers = max(1, section.layers)
        self.published[track.sid] = track
        self.spare_sections.pop(section.mid, None)

    def attributes_fit(self, more: Mapping[str, str]) -> bool:
        """Whether the attributes stay within the limits with these changes."""
        merged = {**self.attributes, **more}
        size = sum(len(key.encode()) + len(value.encode()) for key, value in merged.items())
        return len(merged) <= limits.MAX_ATTRIBUTES and size <= limits.MAX_ATTRIBUTES_BYTES

    def rename(self, *, name: str | None, metadata: str | None, attributes: Mapping[str, str] | None) -> bool:
        """Apply what is not ``None``; an empty attribute is removed. Whether anything changed."""
        before = (self.name, self.metadata, dict(self.attributes))
        if name is not None:
            self.name = name
        if metadata is not None:
            self.metadata = metadata
        for key, value in (attributes or {}).items():
            if value:
                self.attributes[key] = value
            else:
                self.attributes.pop(key, None)
        return before != (self.name, self.metadata, self.attributes)

    def change_permission(self, permission: Permission) -> bool:
        changed = permission != self.permission
        self.permission = replace(permission)
        return changed

"""One participant of a room: who it is, what it publishes, what it chose to receive."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from moothall.engine import ParticipantKind
from moothall.kit.rate_limit import RateLimit
from moothall.livekit import limits
from moothall.livekit.model import (
    CandidateProtocol,
    ConnectionQuality,
    DisconnectReason,
    ParticipantInfo,
    ParticipantState,
    Permission,
    Target,
    TrackSource,
    VideoQuality,
)
from moothall.livekit.requests import SubscriptionPermission, UpdateTrackSettings
from moothall.livekit.responses import QualityReport
from moothall.signalling.events import ClientConnected, Section, TransportState
from moothall.signalling.room.track import Track
from moothall.signalling.session import Session, SingleSession

# Ids of asked-for tracks kept for each participant: eight times the tracks it may have at once.
_MOST_ASKED_IDS = 64
_FULL_PERMISSION = SubscriptionPermission(all_participants=True, track_permissions=())


@dataclass(slots=True)
class Choice:
    """A participant's choices for one track; ``None`` is the default of its connection."""

    subscribe: bool | None = None
    settings: UpdateTrackSettings | None = None


@dataclass(slots=True)
class Participant:
    sid: str
    identity: str
    name: str
    # The effective permission: ``granted``, reduced to what the meeting lets it publish.
    permission: Permission
    granted: Permission
    # None: the meeting sets no limit.
    sources: tuple[TrackSource, ...] | None
    # The most video it is sent, in bits per second; None: no limit.
    video_limit: int | None
    metadata: str
    attributes: dict[str, str]
    kind: ParticipantKind
    kind_details: tuple[int, ...]
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
    # The client's ids of the tracks it has asked to publish, oldest first, refused ones included.
    asked_ids: dict[str, None] = field(default_factory=dict)
    choices: dict[str, Choice] = field(default_factory=dict)
    subscribed: set[str] = field(default_factory=set)
    # Subscribed tracks that the SFU has paused and that this participant was told about.
    paused: set[str] = field(default_factory=set)
    # When it is told of these again.
    reminders: list[float] = field(default_factory=list)
    # Tracks no longer subscribed to, and the number of the offer that takes them away. Until it is
    # answered the client has them, and would lose one that came back in the same offer, because it
    # comes under the same ids.
    released: dict[str, int] = field(default_factory=dict)
    # Others' tracks this participant was told it may not have.
    denied: set[str] = field(default_factory=set)
    audience: SubscriptionPermission = _FULL_PERMISSION
    last_sequence: int = 0
    quality: tuple[ConnectionQuality, float] | None = None
    # The participant whose place this one takes when it becomes active: the same person's earlier
    # connection.
    replaces: "Participant | None" = None
    reported: bool = False
    token_sent_at: float = 0.0
    # When the token it connected with ends; None: never.
    token_expires_at: datetime | None = None
    transports: dict[Target, TransportState] = field(default_factory=dict)
    transport_lost_at: float | None = None
    # Whether a resume already tried to repair the loss.
    resumed_while_lost: bool = False
    detached_at: float | None = None
    going_away: bool = False
    # A client that tests itself wants to lose its next resumed socket: before or after what a
    # resume begins with.
    loses_resume: Literal["", "before", "after"] = ""
    # The transport that a client running a self-test wants for its next connection.
    candidate_protocol: CandidateProtocol = CandidateProtocol.UDP
    packets: RateLimit = field(
        default_factory=lambda: RateLimit(
            per_second=limits.MAX_DATA_PACKETS_PER_SECOND, burst=limits.MAX_DATA_PACKET_BURST
        )
    )
    bytes: RateLimit = field(
        default_factory=lambda: RateLimit(per_second=limits.MAX_DATA_BYTES_PER_SECOND, burst=limits.MAX_DATA_BYTE_BURST)
    )

    @classmethod
    def connecting(cls, event: ClientConnected, *, now: float, joined_at_ms: int) -> "Participant":
        return cls(
            sid=event.sid,
            identity=event.identity,
            name=event.name,
            permission=event.permission.limited_to(event.sources),
            granted=event.permission,
            sources=event.sources,
            video_limit=event.video_limit,
            metadata=event.metadata,
            attributes=dict(event.attributes),
            kind=event.kind,
            kind_details=event.kind_details,
            token_expires_at=event.token_expires_at,
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
            kind=self.kind,
            kind_details=self.kind_details,
            disconnect_reason=reason,
        )

    def quality_report(self) -> QualityReport | None:
        return QualityReport(self.sid, *self.quality) if self.quality is not None else None

    def choice(self, track_sid: str) -> Choice | None:
        """The choice for this track, to be changed.

        ``None`` when there is no room for another one.
        """
        if track_sid not in self.choices and len(self.choices) >= limits.MAX_TRACK_CHOICES:
            return None
        return self.choices.setdefault(track_sid, Choice())

    def wants(self, track: Track) -> bool:
        choice = self.choices.get(track.sid)
        if choice is None or choice.subscribe is None:
            return self.auto_subscribe
        return choice.subscribe

    def has_settings_for(self, track: Track) -> bool:
        """Return whether the client chose or will choose the quality (adaptive stream)."""
        choice = self.choices.get(track.sid)
        return self.adaptive_stream or (choice is not None and choice.settings is not None)

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
        """The pending track that this section carries.

        The one it names, else the first of its kind that no section names.

        The second rule is for browsers that give tracks in SDP other ids than in JavaScript. It
        leaves out sections of tracks that were refused or have ended: a client may keep sending in
        them.
        """
        candidates = [track for track in self.pending.values() if track.kind == section.kind]
        for track in candidates:
            if track.request.cid == section.track_id:
                return track
        if section.track_id in self.asked_ids:
            return None
        return next((track for track in candidates if track.request.cid not in offered_ids), None)

    def note_asked(self, track_id: str) -> None:
        self.asked_ids.pop(track_id, None)
        self.asked_ids[track_id] = None
        if len(self.asked_ids) > _MOST_ASKED_IDS:
            del self.asked_ids[next(iter(self.asked_ids))]

    def bind(self, track: Track, section: Section) -> None:
        del self.pending[track.sid]
        track.mid = section.mid
        track.layers = max(1, section.layers)
        self.published[track.sid] = track
        self.spare_sections.pop(section.mid, None)

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

    def grant(self, permission: Permission) -> bool:
        """Return whether that changes what it may do now."""
        self.granted = replace(permission)
        return self._settle_permission()

    def limit_publishing(self, sources: tuple[TrackSource, ...] | None) -> bool:
        """Return whether that changes what it may do now."""
        self.sources = sources
        return self._settle_permission()

    def _settle_permission(self) -> bool:
        before, self.permission = self.permission, self.granted.limited_to(self.sources)
        return before != self.permission

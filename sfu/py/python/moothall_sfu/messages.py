"""Events of the SFU and replies to requests: everything that comes out of it.

Handles are opaque integers.

``Engine.poll_events`` makes these objects by position: the order of the fields is the contract with
``sfu/py/src/messages.rs``.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from moothall_sfu.commands import Kind, Target

TransportState: TypeAlias = Literal["connected", "disconnected", "failed", "closed"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that clients are told. As text, ``ip:port/udp`` or ``[ip]:port/udp``."""

    ip: str
    port: int
    protocol: Literal["udp", "tcp"]

    def __str__(self) -> str:
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{host}:{self.port}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class Section:
    """One audio or video section of an accepted offer."""

    mid: str
    kind: Kind
    # As the offerer wrote it: sendrecv, sendonly, recvonly or inactive.
    direction: str
    # Simulcast layers, low to high; empty without simulcast.
    rids: list[str]
    # The track id of the ``a=msid`` line, or "".
    track_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Value of ``accept_offer``."""

    sdp: str
    sections: list[Section]
    # By mid, the track that each section carries to the client; empty unless the peer is a single
    # one.
    tracks: dict[str, int]
    # A subscription waits that this answer could not carry: call ``require_sections``.
    needs_offer: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """Value of ``create_offer``."""

    sdp: str
    # By mid, the track of each section that carries one.
    tracks: dict[str, int]


@dataclass(frozen=True, slots=True)
class SectionsRequired:
    """Value of ``require_sections``: the sections to receive in that the client has to add.

    After that it offers again, even when both are 0, because not every section can change its track
    in one answer.
    """

    audio: int
    video: int


@dataclass(frozen=True, slots=True)
class Replied:
    """The answer to a request.

    ``value`` is None where the request has no value, and for ``create_offer`` and
    ``require_sections`` when there is nothing to negotiate. ``error`` says why the request was
    refused, with its causes.
    """

    request: int
    value: Answer | Offer | SectionsRequired | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TransportChanged:
    peer: int
    target: Target
    state: TransportState


@dataclass(frozen=True, slots=True)
class NegotiationNeeded:
    """Sections changed: call ``create_offer``, or for a single peer ``require_sections``.

    It comes once until then, and not before the peer's first ``create_offer`` or ``accept_offer``.
    """

    peer: int


@dataclass(frozen=True, slots=True)
class TrackLive:
    """The first packet of a layer arrived.

    ``rid`` is "" without simulcast; ``mime`` is for example video/VP8.
    """

    track: int
    rid: str
    mime: str


@dataclass(frozen=True, slots=True)
class ChannelOpened:
    peer: int
    target: Target
    label: str


@dataclass(frozen=True, slots=True)
class DataReceived:
    """One data channel message from this peer."""

    peer: int
    reliable: bool
    payload: bytes


@dataclass(frozen=True, slots=True)
class LevelsMeasured:
    """How loud the audible tracks of a room are, every 400 ms: (track, level 0.0 … 1.0, smoothed).

    One last event with an empty or shorter list follows when somebody falls silent.
    """

    room: int
    levels: list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class StatsMeasured:
    """How well a peer's transports do, every 5 s.

    ``loss`` is a share, 0 … 1; bytes count since the peer joined.
    """

    peer: int
    loss: float
    rtt_ms: float
    jitter_ms: float
    tx_bytes: int = 0
    rx_bytes: int = 0


@dataclass(frozen=True, slots=True)
class StreamStateChanged:
    """A track is paused for this peer, for lack of room or bandwidth, or is active again.

    Everything is active until an event says otherwise.
    """

    peer: int
    track: int
    active: bool


@dataclass(frozen=True, slots=True)
class StreamCodecChanged:
    """The codec in which this peer gets a track; it is the track's first until this event.

    A backup codec, "" when the peer can decode none of the track's codecs, or the first again.
    """

    peer: int
    track: int
    mime: str


@dataclass(frozen=True, slots=True)
class PeerCrashed:
    """The peer's transport panicked; the peer is removed already."""

    peer: int
    text: str


Event: TypeAlias = (
    Replied
    | TransportChanged
    | NegotiationNeeded
    | TrackLive
    | ChannelOpened
    | DataReceived
    | LevelsMeasured
    | StatsMeasured
    | StreamStateChanged
    | StreamCodecChanged
    | PeerCrashed
)


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line of the SFU's log. ``fields`` name handles as ``room`` and ``peer``."""

    level: Literal["error", "warning", "info", "debug"]
    message: str
    fields: dict[str, int | str] = field(default_factory=dict)
    # Records of the same line of code that were left out before it: each may come 5 times a second.
    left_out: int = 0

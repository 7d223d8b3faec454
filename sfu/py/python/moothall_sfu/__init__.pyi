"""The embedded SFU.

Opaque integer handles in, messages out; no user, no token, no protobuf ever crosses.

Every method returns at once: it puts a command on the queue of the shard that owns the handle.
Replies and events come back through ``poll_events``, after ``event_fd`` became readable;
``messages`` describes them, and ``commands`` the values that methods take. Commands of one peer are
carried out in the order given. A handle that is unknown or already gone is never an error for a
command without a reply; a command with a reply answers with the error text.
"""

from collections.abc import Sequence
from typing import Self, final

from moothall_sfu.commands import Kind, LogLevel, SubscriptionSettings, Target
from moothall_sfu.messages import Candidate, Event, LogRecord

__all__ = ["CODECS", "Engine", "__version__", "collect_logs"]

__version__: str
CODECS: tuple[str, ...]
"""The MIME types of the media formats that are forwarded."""

def collect_logs(level: LogLevel) -> None:
    """Collect log records of this level and of less verbose ones, for ``take_logs``.

    The level holds for all engines of the process. Raises ValueError for an unknown level.
    """

@final
class Engine:
    """Owns the sockets and the shard threads. A room lives on one shard."""

    def __new__(
        cls,
        *,
        bind_ips: Sequence[str],
        udp_ports: Sequence[int],
        tcp_port: int | None = ...,
        advertised_ips: Sequence[str] = ...,
        public_ips: Sequence[str] = ...,
        voices: int = 3,
        voices_from: int = 16,
        cameras: int = 25,
    ) -> Self:
        """Bind every UDP port and the TCP port on every ip and start one shard thread per UDP port.

        ``bind_ips``: local addresses, "0.0.0.0" and "::" allowed. ``udp_ports``: one per shard; 0
        picks a free one. ``tcp_port``: for clients that cannot use UDP (RFC 6544); 0 picks a free
        one, None: UDP only. ``advertised_ips``: what clients are told instead of the bound
        addresses of the same family (NAT); without one: the local addresses, 16 of a family at the
        most. ``public_ips``: told in addition to the local ones of their family. ``voices``: number
        of voices forwarded at a time, the loudest first, one at least, once a room has
        ``voices_from`` microphones. ``cameras``: number of cameras forwarded at a time in a room:
        first those that a subscriber pinned (``max_layer`` 2 or a ``priority``), then those of the
        participants who spoke last. Screen shares do not count and are always forwarded.

        Raises OSError when a port cannot be bound, ValueError for an address that does not parse.
        """

    @property
    def event_fd(self) -> int: ...
    @property
    def udp_ports(self) -> list[int]: ...
    @property
    def tcp_port(self) -> int | None: ...
    @property
    def candidates(self) -> list[Candidate]:
        """The host candidates that clients will be told."""

    def poll_events(self, limit: int = 512) -> list[Event]:
        """At most ``limit`` events, oldest first; never blocks."""

    @staticmethod
    def take_logs() -> tuple[list[LogRecord], int]:
        """Take the log records that wait, oldest first, at most 1024.

        The number says how many more were dropped since the last call.
        """

    def close(self) -> None:
        """Stop all shards and join their threads. Idempotent."""

    # Rooms and peers. A peer has up to two transports: publisher (client offers) and subscriber (we
    # offer). A single peer has one, named publisher: the client offers it, sends and receives on
    # it, in sections it made for either, and opens the channels.
    def add_room(self) -> int: ...
    def remove_room(self, room: int) -> None:
        """Close every peer of the room."""

    def add_peer(self, room: int, *, is_single: bool = False, tcp_only: bool = False) -> int:
        """``tcp_only``: descriptions contain TCP candidates only, none without a TCP port."""

    def remove_peer(self, peer: int) -> None:
        """Send DTLS close, drop its tracks and subscriptions. No further events name this peer."""

    # Negotiation. Each returns a request number; ``Replied`` carries the value.
    def accept_offer(self, peer: int, sdp: str) -> int:
        """Value: ``Answer``.

        For a single peer, the answer puts the tracks it subscribes to into the sections it can
        receive in.
        """

    def create_offer(self, peer: int, restart_ice: bool = False) -> int:
        """Offer of the subscriber transport with its data channels ``_reliable`` and ``_lossy``.

        Value: ``Offer``, or None when there is nothing to negotiate. Only one offer may be open:
        the next is refused until accept_answer. With ``restart_ice``, an open offer is given up
        instead, because a client that resumes may have lost it. If the client has a copy of its
        answer, accept that first: a client that did apply the lost offer cannot take one that
        starts over.
        """

    def accept_answer(self, peer: int, sdp: str) -> int:
        """Value: None. ``NegotiationNeeded`` follows when sections changed since the offer.

        A refused answer gives the offer up; what it added waits for the next one, which restarts
        ICE.
        """

    def require_sections(self, peer: int) -> int:
        """Ask for the sections that a single peer's client has to add for its subscriptions.

        Value: ``SectionsRequired``, or None when there is nothing to do.
        """

    def add_candidate(self, peer: int, target: Target, candidate: str) -> None:
        """``candidate:…`` line as in RTCIceCandidateInit.candidate.

        Invalid lines are ignored and counted.
        """

    # Media graph.
    def publish(self, peer: int, mid: str, kind: Kind, *, is_screen: bool = False, codec: str = "") -> int:
        """Bind a section of the publisher transport to a new track; returns the track.

        Call it after the reply to the offer that has the section: its layers are those of that
        offer. At most 8 tracks a peer: one more gets a handle that names nothing. Packets of a
        section without a track are dropped. ``is_screen``: video of a screen rather than of a
        camera. ``codec``: the codec it will arrive in, one of ``CODECS`` or its second half, as in
        "video/VP9" or "vp9"; with any other text, the first packet decides.
        """

    def publish_backup(self, track: int, mid: str, codec: str = "") -> None:
        """Bind another section of the same peer to a track.

        It has the same media in another codec, for subscribers that cannot decode the first.

        Each subscriber gets the first of the two that it agreed to, in the section it has for the
        track already (``StreamCodecChanged``). A third codec is ignored. ``codec`` as in
        ``publish``; unless both are named, a subscriber may get the backup for a moment although it
        can decode the first. ``unpublish`` ends both.
        """

    def unpublish(self, track: int) -> None: ...
    def set_muted(self, track: int, muted: bool) -> None:
        """A muted track is not forwarded; levels stop."""

    def subscribe(self, peer: int, track: int, stream_id: str, track_id: str) -> None:
        """Add a sending section with ``a=msid:stream_id track_id`` to the subscriber transport.

        For a single peer, use a section that it made.

        A section that an earlier subscription used is used again only after an answered offer made
        it inactive: a client does not notice another track in a section that it goes on receiving.
        """

    def unsubscribe(self, peer: int, track: int) -> None: ...
    def set_subscription(self, peer: int, track: int, settings: SubscriptionSettings) -> None:
        """Replace the wishes of this peer for a track."""

    def limit_video(self, peer: int, bits_per_second: int) -> None:
        """Limit the bandwidth of what this peer watches; 0: no limit (``StreamStateChanged``)."""

    # Data.
    def send_data(self, peers: Sequence[int], reliable: bool, payload: bytes) -> None:
        """Queue one message on each peer's subscriber channel, or on that a single peer opened.

        A receiver that does not read loses lossy messages first, and is closed
        (``TransportChanged`` to failed) when 4 MiB of reliable ones wait for it.

        Raises ValueError for more than 256 KiB.
        """

    def counters(self) -> dict[str, int]:
        """Process totals and present numbers by name.

        Totals: packets_in, packets_out, bytes_in, bytes_out, forwarded, dropped_*,
        ignored_candidates, refused_descriptions, keyframe_requests, panics; and how many there are
        now: rooms, peers, tracks, tcp_connections.
        """

    def _panic_peer(self, peer: int) -> None:
        """For tests of containment only: make this peer's transports panic."""

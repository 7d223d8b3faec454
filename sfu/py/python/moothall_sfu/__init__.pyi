"""The embedded SFU: opaque integer handles in, tuples out; no user, no token, no protobuf ever crosses.

Every method returns at once: it puts a command on the owning shard's queue. Results and news come back through
``poll_events``, after ``event_fd`` became readable. Commands of one peer are carried out in the order given.
A handle that is unknown or already gone is never an error for a command without a reply; a command with a reply answers
with the error text.
"""

from collections.abc import Sequence
from typing import Literal, Self, TypeAlias, final

Target: TypeAlias = Literal["publisher", "subscriber"]
Kind: TypeAlias = Literal["audio", "video"]

# One section of an accepted offer: (mid, kind, direction as the offerer wrote it, rids low to high, msid track id or "").
Section: TypeAlias = tuple[str, Kind, str, list[str], str]

# What poll_events returns. The first item names the event:
#   ("reply", request, value, None) or ("reply", request, None, error_text)
#   ("transport", peer, target, "connected" | "disconnected" | "failed" | "closed")
#   ("negotiation_needed", peer)                      a subscriber offer should be made (sections changed), of a single peer
#                                                     sections required; once until create_offer or require_sections, and not
#                                                     before the peer's first create_offer or accept_offer
#   ("track_live", track, rid or "", mime)            first packet of a layer arrived, e.g. "video/VP8"
#   ("channel_open", peer, target, label)
#   ("data", peer, reliable, payload)                 one data channel message from this peer
#   ("levels", room, [(track, level), …])             every 400 ms; level 0.0 … 1.0, smoothed; only audible tracks,
#                                                     and one last empty or shorter list when someone falls silent
#   ("stats", peer, {"loss": 0…1, "rtt_ms": float, "jitter_ms": float, "tx_bytes": int, "rx_bytes": int})   every 5 s
#   ("stream_state", peer, track, "active" | "paused")  a track this peer agreed to receive is not forwarded for want of
#                                                     room or bandwidth, or is again; everything is active until said so
#   ("crashed", peer, text)                           its transport panicked; the peer is removed already
Event: TypeAlias = tuple[object, ...]

__all__ = ["Engine", "Event", "Kind", "Section", "Target", "__version__"]

__version__: str

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

        ``bind_ips``: local addresses, "0.0.0.0" and "::" allowed. ``udp_ports``: one per shard; 0 picks a free one.
        ``tcp_port``: for clients that cannot use UDP (RFC 6544); 0 picks a free one, None: UDP only.
        ``advertised_ips``: what clients are told instead of the bound addresses of the same family (NAT); without one: the
        local addresses, 16 of a family at the most. ``public_ips``: told in addition to the local ones of their family.
        Of a room with at least ``voices_from`` microphones only the ``voices`` loudest are forwarded, one at least; of its
        cameras only ``cameras``: first those somebody pinned (a subscription with ``max_layer`` 2 or a ``priority``), then
        those of whoever spoke last. Screen shares do not count and are always forwarded.

        Raises OSError when a port cannot be bound, ValueError for an address that does not parse.
        """

    @property
    def event_fd(self) -> int: ...
    @property
    def udp_ports(self) -> list[int]: ...
    @property
    def tcp_port(self) -> int | None: ...
    @property
    def candidates(self) -> list[str]:
        """The host candidates clients will be told, as ``ip:port/udp`` or ``ip:port/tcp``."""

    def poll_events(self, limit: int = 512) -> list[Event]:
        """At most ``limit`` events, oldest first; never blocks."""

    def close(self) -> None:
        """Stop all shards and join their threads. Idempotent."""

    # Rooms and peers. A peer has up to two transports: publisher (client offers) and subscriber (we offer). A single peer has one,
    # named publisher: the client offers it, sends and receives on it, in sections it made for either, and opens the channels.
    def add_room(self) -> int: ...
    def remove_room(self, room: int) -> None:
        """Close every peer of the room."""

    def add_peer(self, room: int, *, is_single: bool = False, tcp_only: bool = False) -> int:
        """``tcp_only``: its descriptions name our TCP candidates alone; without a TCP port that is none at all."""

    def remove_peer(self, peer: int) -> None:
        """Send DTLS close, drop its tracks and subscriptions. No further events name this peer."""

    # Negotiation. Each returns a request number; the "reply" event carries the value.
    def accept_offer(self, peer: int, target: Target, sdp: str) -> int:
        """Value: (answer_sdp, list[Section], {mid: track}, needs_offer).

        Of a single peer the answer puts what it subscribes to into the sections it can receive in; the dictionary names every
        one that carries a track, and ``needs_offer`` says that something waits which this answer could not carry: call
        require_sections. Otherwise the dictionary is empty and the flag False.
        """

    def create_offer(self, peer: int, restart_ice: bool = False) -> int:
        """Offer of the subscriber transport with its data channels ``_reliable`` and ``_lossy``.

        Value: (offer_sdp, {mid: track}), naming every section that carries a track, or None when there is nothing to
        negotiate. Only one offer may be open: the next is refused until accept_answer. With ``restart_ice`` an open offer is
        given up instead (a client that resumes may have lost it); answer it first with the client's own copy of its
        answer if it has one, because a client that did apply the lost offer cannot take one that starts over.
        """

    def accept_answer(self, peer: int, sdp: str) -> int:
        """Value: None. A negotiation_needed event follows when sections changed since the offer.

        A refused answer gives the offer up; what it added waits for the next one, which restarts ICE.
        """

    def require_sections(self, peer: int) -> int:
        """What a single peer's client has to do so that it gets what it subscribes to, or no longer gets what it does not.

        Value: (audio, video), the sections to receive in that it has to add before it offers again, which it has to do even
        when both are 0, because not every section can change its track in one answer; or None when there is nothing to do.
        """

    def add_candidate(self, peer: int, target: Target, candidate: str) -> None:
        """``candidate:…`` line as in RTCIceCandidateInit.candidate; what does not parse is ignored and counted."""

    # Media graph.
    def publish(self, peer: int, mid: str, kind: Kind, *, is_screen: bool = False) -> int:
        """Bind a section of the publisher transport to a new track; returns the track.

        Call it after the reply to the offer that has the section: its layers are those of that offer. At most 8 tracks a
        peer: one more gets a handle that names nothing. Packets of a section without a track are dropped.
        ``is_screen``: video of a screen rather than of a camera.
        """

    def unpublish(self, track: int) -> None: ...
    def set_muted(self, track: int, muted: bool) -> None:
        """A muted track is not forwarded; levels stop."""

    def subscribe(self, peer: int, track: int, stream_id: str, track_id: str) -> None:
        """Add a sending section with ``a=msid:stream_id track_id`` on the subscriber transport, or use one that a single peer made.

        A section that an earlier subscription used is used again only after an answered offer made it inactive: a client does not
        notice another track in a section that it goes on receiving.
        """

    def unsubscribe(self, peer: int, track: int) -> None: ...
    def set_subscription(
        self, peer: int, track: int, *, enabled: bool = True, max_layer: int = 2, max_fps: int = 0, priority: int = 0
    ) -> None:
        """Say what this peer wants of a track.

        ``max_layer``: 0 low, 1 medium, 2 high; fewer layers than that, or silent ones: the best there is below, else
        the lowest above. ``max_fps``: only the temporal layers that stay within it, at least the lowest; 0: all.
        ``priority``: larger is more important, 0 says nothing. All of it is a wish: where the client's network takes
        less, more important tracks are served first ("stream_state").
        """

    def limit_video(self, peer: int, bits_per_second: int) -> None:
        """What this peer watches gets no more than that, whatever its network takes ("stream_state"); 0: no such limit."""

    # Data.
    def send_data(self, peers: Sequence[int], reliable: bool, payload: bytes) -> None:
        """Queue one message on each peer's subscriber channel, or on that a single peer opened.

        A receiver that does not read loses lossy messages first, and is closed ("transport", peer, target, "failed")
        when 4 MiB of reliable ones wait for it.

        Raises ValueError for more than 256 KiB.
        """

    def counters(self) -> dict[str, int]:
        """Process totals and present numbers by name.

        Totals: packets_in, packets_out, bytes_in, bytes_out, forwarded, dropped_*, ignored_candidates,
        refused_descriptions, keyframe_requests, panics; and how many there are now: rooms, peers,
        tracks, tcp_connections.
        """

    def _panic_peer(self, peer: int) -> None:
        """For tests of containment only: make this peer's transports panic."""

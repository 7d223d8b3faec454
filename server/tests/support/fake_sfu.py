"""An SFU that moves no packets: the same interface, its replies at once, its news by hand.

Descriptions are a line per media section, ``mid kind direction track-id layers``; anything else is
refused, as bad SDP would be.
"""

import os
from collections import deque
from collections.abc import Sequence
from typing import Any

from moothall.livekit.model import Kind, Target
from moothall_sfu import messages
from moothall_sfu.commands import SubscriptionSettings


class FakeSfu:
    def __init__(self) -> None:
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.tcp_port: int | None = 7881
        self.calls: list[tuple[Any, ...]] = []
        self.closed = False
        self.peers: dict[int, int] = {}
        self.single: set[int] = set()
        self.published: list[int] = []
        self._events: deque[messages.Event] = deque()
        self.logs: list[messages.LogRecord] = []
        self._handles = 0
        self._subscriptions: dict[int, list[tuple[int, str]]] = {}
        self._open_offers: set[int] = set()

    # ---- The interface ---------------------------------------------------------------------------

    def poll_events(self, limit: int = 512) -> list[messages.Event]:
        batch = [self._events.popleft() for _ in range(min(limit, len(self._events)))]
        if not self._events:
            with_nothing_new = False
            try:
                os.eventfd_read(self.event_fd)
            except BlockingIOError:
                with_nothing_new = True
            assert batch or with_nothing_new
        return batch

    def take_logs(self) -> tuple[list[messages.LogRecord], int]:
        taken, self.logs = self.logs, []
        return taken, 0

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            os.close(self.event_fd)

    def add_room(self) -> int:
        return self._called("add_room", handle=True)

    def remove_room(self, room: int) -> None:
        self._called("remove_room", room)
        self.peers = {peer: of for peer, of in self.peers.items() if of != room}

    def add_peer(self, room: int, *, is_single: bool = False, tcp_only: bool = False) -> int:
        peer = self._called("add_peer", room, is_single, tcp_only, handle=True)
        self.peers[peer] = room
        if is_single:
            self.single.add(peer)
        self._subscriptions[peer] = []
        return peer

    def remove_peer(self, peer: int) -> None:
        self._called("remove_peer", peer)
        self.peers.pop(peer, None)

    def accept_offer(self, peer: int, sdp: str) -> int:
        request = self._called("accept_offer", peer, sdp, handle=True)
        sections = []
        for line in sdp.splitlines():
            parts = line.split(" ")
            if len(parts) != 5 or parts[1] not in ("audio", "video") or not parts[4].isdigit():
                self.happens(messages.Replied(request, error="not an offer"))
                return request
            mid, kind, direction, track_id, layers = parts
            sections.append(messages.Section(mid, kind, direction, ["q", "h", "f"][: int(layers)], track_id))  # type: ignore[arg-type]
        room_for = [section.mid for section in sections if section.direction == "recvonly"]
        wanted = self._subscriptions[peer] if peer in self.single else []
        tracks = {mid: track for mid, (track, _) in zip(room_for, wanted, strict=False)}
        answer = messages.Answer(f"answer to {sdp!r}", sections, tracks, len(wanted) > len(tracks))
        self.happens(messages.Replied(request, answer))
        return request

    def require_sections(self, peer: int) -> int:
        request = self._called("require_sections", peer, handle=True)
        wanted = len(self._subscriptions[peer])
        self.happens(messages.Replied(request, messages.SectionsRequired(0, wanted) if wanted else None))
        return request

    def create_offer(self, peer: int, restart_ice: bool = False) -> int:
        request = self._called("create_offer", peer, restart_ice, handle=True)
        if peer in self._open_offers:
            self.happens(messages.Replied(request, error="an offer is already open"))
            return request
        self._open_offers.add(peer)
        tracks = {str(mid): track for mid, (track, _) in enumerate(self._subscriptions[peer])}
        self.happens(messages.Replied(request, messages.Offer(f"offer {request}", tracks)))
        return request

    def accept_answer(self, peer: int, sdp: str) -> int:
        request = self._called("accept_answer", peer, sdp, handle=True)
        if sdp != "answer" or peer not in self._open_offers:
            self.happens(messages.Replied(request, error="not an answer"))
            return request
        self._open_offers.discard(peer)
        self.happens(messages.Replied(request))
        return request

    def add_candidate(self, peer: int, target: Target, candidate: str) -> None:
        self._called("add_candidate", peer, target, candidate)

    def publish(self, peer: int, mid: str, kind: Kind, *, is_screen: bool = False, codec: str = "") -> int:
        track = self._called("publish", peer, mid, kind, is_screen, codec, handle=True)
        self.published.append(track)
        return track

    def publish_backup(self, track: int, mid: str, codec: str = "") -> None:
        self._called("publish_backup", track, mid, codec)

    def unpublish(self, track: int) -> None:
        self._called("unpublish", track)

    def set_muted(self, track: int, muted: bool) -> None:
        self._called("set_muted", track, muted)

    def subscribe(self, peer: int, track: int, stream_id: str, track_id: str) -> None:
        self._called("subscribe", peer, track, stream_id, track_id)
        self._subscriptions[peer].append((track, track_id))

    def unsubscribe(self, peer: int, track: int) -> None:
        self._called("unsubscribe", peer, track)
        self._subscriptions[peer] = [one for one in self._subscriptions[peer] if one[0] != track]

    def set_subscription(self, peer: int, track: int, settings: SubscriptionSettings) -> None:
        self._called("set_subscription", peer, track, settings)

    def limit_video(self, peer: int, bits_per_second: int) -> None:
        self._called("limit_video", peer, bits_per_second)

    def send_data(self, peers: Sequence[int], reliable: bool, payload: bytes) -> None:
        self._called("send_data", tuple(peers), reliable, payload)

    # ---- For tests -------------------------------------------------------------------------------

    def happens(self, event: messages.Event) -> None:
        """News for whoever polls."""
        self._events.append(event)
        os.eventfd_write(self.event_fd, 1)

    def connected(self, peer: int) -> None:
        self.happens(messages.TransportChanged(peer, "subscriber", "connected"))

    def called(self, name: str) -> list[tuple[Any, ...]]:
        return [call[1:] for call in self.calls if call[0] == name]

    def _called(self, name: str, *arguments: Any, handle: bool = False) -> int:
        for argument in arguments:
            if isinstance(argument, str):
                # Rust's strings are UTF-8.
                argument.encode()
        self.calls.append((name, *arguments))
        if handle:
            self._handles += 1
        return self._handles

"""Reliable data packets of the last seconds, for participants who were just joining. Pure.

Between a participant's ``join`` and the moment its data channel is open it is in the room and
cannot be reached; what is sent reliably in between is repeated to it.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from moothall.livekit import limits
from moothall.livekit.model import DataMessage


@dataclass(frozen=True, slots=True)
class RecentPacket:
    """``at`` is monotonic, in seconds.

    ``identity`` and ``sid`` are the sender's, empty for the server and for a hidden one.
    """

    at: float
    identity: str
    sid: str
    message: DataMessage


class RecentPackets:
    """Bounded by number, size and age; the oldest go first."""

    def __init__(self) -> None:
        self._packets: deque[RecentPacket] = deque()
        self._bytes = 0

    def add(self, packet: RecentPacket) -> None:
        self._packets.append(packet)
        self._bytes += packet.message.size
        while len(self._packets) > limits.MAX_RECENT_PACKETS or self._bytes > limits.MAX_RECENT_BYTES:
            self._forget_oldest()
        self._forget_before(packet.at - limits.RECENT_SECONDS)

    def unname(self, sid: str) -> None:
        """Whose words these are is not said any more."""
        self._packets = deque(
            replace(packet, identity="", sid="") if packet.sid == sid else packet for packet in self._packets
        )

    def since(self, seconds: float, now: float) -> Iterator[RecentPacket]:
        """Those sent at ``seconds`` or later, in order."""
        self._forget_before(now - limits.RECENT_SECONDS)
        return (packet for packet in self._packets if packet.at >= seconds)

    def _forget_before(self, seconds: float) -> None:
        while self._packets and self._packets[0].at < seconds:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        self._bytes -= self._packets.popleft().message.size

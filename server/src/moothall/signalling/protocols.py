"""The protocols that clients under test requested for their next connection.

They are kept from the leave until the client is back.

A client that has just asked for TCP leaves and joins again; the room may be gone in between, so it
is not the room that remembers.
"""

from moothall.livekit import limits
from moothall.livekit.model import CandidateProtocol


class CandidateProtocols:
    """By room and identity. Times are monotonic seconds; of too many the oldest are forgotten."""

    def __init__(self) -> None:
        self._wishes: dict[tuple[str, str], tuple[CandidateProtocol, float]] = {}

    def __len__(self) -> int:
        return len(self._wishes)

    def remember(self, room: str, identity: str, protocol: CandidateProtocol, now: float) -> None:
        self._wishes.pop((room, identity), None)
        while self._wishes and (len(self._wishes) >= limits.MAX_REMEMBERED_PROTOCOLS or self._has_stale(now)):
            del self._wishes[next(iter(self._wishes))]
        self._wishes[room, identity] = (protocol, now)

    def take(self, room: str, identity: str, now: float) -> CandidateProtocol:
        """The participant is back, and says by itself what it wants next."""
        protocol, since = self._wishes.pop((room, identity), (CandidateProtocol.UDP, now))
        return protocol if now - since <= limits.PROTOCOL_MEMORY else CandidateProtocol.UDP

    def _has_stale(self, now: float) -> bool:
        _, since = next(iter(self._wishes.values()))
        return now - since > limits.PROTOCOL_MEMORY

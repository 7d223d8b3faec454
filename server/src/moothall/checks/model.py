"""The checks that are under way. Pure: times are in monotonic seconds."""

from collections import Counter
from dataclasses import dataclass

# A check may begin for as long as this after its tickets were given out.
TICKET_S = 60.0
# A check that has begun ends after this, finished or not.
LIFE_S = 28.0
MOST_AT_ONCE = 20
MOST_OF_NETWORK = 5
# Two connections, each of which may have to be made again, once of them over TCP.
MOST_CONNECTIONS = 10
# The most video that the subscriber is sent.
VIDEO_BITS_PER_SECOND = 2_000_000


@dataclass(slots=True)
class _Check:
    network: str
    ends_at: float
    has_begun: bool = False
    connections: int = 0


class RunningChecks:
    """Checks by the name of their room. ``network``: see kit.rate_limit.address_key."""

    def __init__(self) -> None:
        self._checks: dict[str, _Check] = {}

    def open(self, room: str, network: str, now: float) -> bool:
        """Add a check. False when too many are under way, in all or from this network."""
        of_network = Counter(one.network for one in self._checks.values())[network]
        if len(self._checks) >= MOST_AT_ONCE or of_network >= MOST_OF_NETWORK:
            return False
        self._checks[room] = _Check(network, now + TICKET_S)
        return True

    def admit(self, room: str, network: str, now: float, *, connects: bool) -> bool:
        """Whether somebody may connect; the first who does begins the check.

        Only the network that asked for the tickets may use them.
        """
        check = self._checks.get(room)
        if check is None or check.network != network or check.ends_at <= now:
            return False
        if connects and check.connections >= MOST_CONNECTIONS:
            return False
        if connects:
            check.connections += 1
        if connects and not check.has_begun:
            check.has_begun = True
            check.ends_at = now + LIFE_S
        return True

    def close(self, room: str) -> None:
        self._checks.pop(room, None)

    def take_overdue(self, now: float) -> list[str]:
        """Remove the checks whose time is over, and return their rooms."""
        overdue = [room for room, check in self._checks.items() if check.ends_at <= now]
        for room in overdue:
            self.close(room)
        return overdue

    def __len__(self) -> int:
        return len(self._checks)

"""The connections of the HTTP port, and a bound on those that wait for their client.

A connection waits while its client must act: do the TLS handshake, send a request or its body, or
read the answer. These connections have a total bound and a bound per network, so that silent
clients lock nobody out: the connection that has waited longest is closed. Requests in progress and
accepted WebSockets are not bounded here.
"""

from collections.abc import Callable
from typing import Protocol

from moothall.http_server import limits
from moothall.kit.rate_limit import address_key


class ClientConnection(Protocol):
    """One connection, as the bookkeeping sees it."""

    def give_way(self) -> None:
        """Close the connection to make room for others."""
        ...

    def check(self, now: float) -> None:
        """Close the connection if a deadline has passed; ``now`` is in monotonic seconds."""
        ...


class Clients:
    """All open connections, and those that wait."""

    def __init__(self, *, max_waiting: int, is_trusted: Callable[[str], bool]) -> None:
        """``is_trusted`` tells whether an address is a proxy, which has no bound of its own."""
        # Monotonic seconds at the last check, which is precise enough for deadlines.
        self.now = 0.0
        self._max_waiting = max_waiting
        self._share = max(1, max_waiting // limits.SHARES)
        self._is_trusted = is_trusted
        self._all: set[ClientConnection] = set()
        # Waiting connections, longest wait first, with the network of each.
        self._waiting: dict[ClientConnection, str] = {}
        self._of_network: dict[str, dict[ClientConnection, None]] = {}

    def network(self, address: str) -> str:
        """Return the /64 or address that has a common bound, or "" for a trusted proxy."""
        return "" if self._is_trusted(address) else address_key(address)

    def add(self, connection: ClientConnection) -> None:
        self._all.add(connection)

    def remove(self, connection: ClientConnection) -> None:
        self._all.discard(connection)
        self.stops_waiting(connection)

    def waits(self, connection: ClientConnection, network: str) -> None:
        """Count the connection as waiting. Closes another one if there are too many."""
        if connection in self._waiting:
            return
        self._waiting[connection] = network
        neighbours = self._of_network.setdefault(network, {})
        neighbours[connection] = None
        if network and len(neighbours) > self._share:
            self._close(next(iter(neighbours)))
        elif len(self._waiting) > self._max_waiting:
            self.close_oldest()

    def stops_waiting(self, connection: ClientConnection) -> None:
        network = self._waiting.pop(connection, None)
        if network is None:
            return
        neighbours = self._of_network[network]
        del neighbours[connection]
        if not neighbours:
            del self._of_network[network]

    def close_oldest(self) -> bool:
        """Close the connection that has waited longest, and return whether there was one."""
        if not self._waiting:
            return False
        self._close(next(iter(self._waiting)))
        return True

    def check(self, now: float) -> None:
        """Close connections past their deadline.

        Call it about once a second with monotonic seconds.
        """
        self.now = now
        for connection in tuple(self._all):
            connection.check(now)

    def _close(self, connection: ClientConnection) -> None:
        self.stops_waiting(connection)
        connection.give_way()

"""Limits on connecting.

Requests of one network, joins with one ticket, and connections without media of one network.

A network is an IPv4 address or an IPv6 /64. Pure: the time is an argument, in monotonic seconds.
"""

from collections import Counter
from collections.abc import Hashable

from moothall.kit.rate_limit import RateLimits, address_key
from moothall.livekit import limits

# Seconds after which a client of a network with too many connections without media may try again.
_UNCONNECTED_WAIT = 2


class EntryLimits:
    def __init__(self) -> None:
        self._requests: RateLimits[str] = RateLimits(
            per_second=limits.MAX_ENTRIES_PER_SECOND_OF_NETWORK, burst=limits.MAX_ENTRY_BURST_OF_NETWORK
        )
        self._tickets: RateLimits[Hashable] = RateLimits(
            per_second=limits.MAX_ENTRIES_PER_SECOND_OF_TICKET, burst=limits.MAX_ENTRY_BURST_OF_TICKET
        )
        # Participants whose transports are not up yet, by sid, with their networks.
        self._unconnected: dict[str, str] = {}
        self._of_network: Counter[str] = Counter()

    def wait_for_request(self, address: str, now: float) -> int:
        """Count one request of this address.

        Returns how many whole seconds it must wait instead; 0: none.
        """
        return self._requests.take(address_key(address), now)

    def wait_for_entry(self, address: str, room: str, identity: str, now: float) -> int:
        """Count one join with a ticket for this identity.

        Returns how many whole seconds it must wait instead; 0: none.
        """
        if self._of_network[address_key(address)] >= limits.MAX_UNCONNECTED_OF_NETWORK:
            return _UNCONNECTED_WAIT
        return self._tickets.take((room, identity), now)

    def connecting(self, sid: str, address: str) -> None:
        """The participant holds a seat and has no media yet."""
        network = address_key(address)
        self._unconnected[sid] = network
        self._of_network[network] += 1

    def settled(self, sid: str) -> None:
        """The participant's media is up, or it is gone."""
        network = self._unconnected.pop(sid, None)
        if network is None:
            return
        self._of_network[network] -= 1
        if not self._of_network[network]:
            del self._of_network[network]

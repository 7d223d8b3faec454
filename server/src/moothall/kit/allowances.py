"""Limits on how often: an allowance for each key that is spent and comes back. Pure: the time is an argument, in monotonic seconds."""

import ipaddress
import math
from collections import OrderedDict

# As many keys as fit in some tens of megabytes. When more are active at once, the one not heard of for longest is forgotten.
_MOST_KEYS = 50_000


class Allowances:
    """An allowance for each key: ``burst`` at once, coming back at ``per_second``. Keys whose allowance is whole are forgotten."""

    def __init__(self, *, burst: int, per_second: float, most_keys: int = _MOST_KEYS) -> None:
        self.burst = burst
        self.per_second = per_second
        self._most_keys = most_keys
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def wait(self, key: str, now: float) -> int:
        """Whole seconds until the key may spend again; 0: now."""
        return math.ceil(max(0.0, 1 - self._level(key, now)) / self.per_second)

    def spend(self, key: str, now: float) -> None:
        """Spend one, even if that makes a debt: requests under way at the same time are paid for afterwards."""
        level = self._level(key, now) - 1
        self._levels[key] = (level, now)
        self._levels.move_to_end(key)
        self._forget(now)

    def left(self, key: str, now: float) -> int:
        """How many the key could spend at once."""
        return max(0, math.floor(self._level(key, now)))

    def _level(self, key: str, now: float) -> float:
        level, since = self._levels.get(key, (float(self.burst), now))
        return min(float(self.burst), level + (now - since) * self.per_second)

    def _forget(self, now: float) -> None:
        # The key that has spent least recently comes first.
        while self._levels:
            oldest = next(iter(self._levels))
            if len(self._levels) <= self._most_keys and self._level(oldest, now) < self.burst:
                return
            del self._levels[oldest]


def address_key(address: str) -> str:
    """What counts as one client: an IPv4 address, an IPv6 /64. Anything else counts together."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.IPv6Network((ip, 64), strict=False))

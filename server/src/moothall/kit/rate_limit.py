"""Rate limits (token buckets): `burst` units at once, refilled at a steady rate.

Pure: the time is an argument, in monotonic seconds. ``RateLimit`` limits one subject, such as a
connection; ``RateLimits`` has a limit for each key, such as an address or a person, and forgets the
keys whose limit is full again.
"""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

# About 10 MB of keys and levels.
_MAX_KEYS = 50_000
# Rounding must not leave a wait of zero seconds that is then refused, or a limit that never fills
# up.
_EPSILON = 1e-9

Key = TypeVar("Key", bound=Hashable)


class RateLimit:
    """The rate limit of one subject."""

    __slots__ = ("_asked_at", "_level", "burst", "per_second")

    def __init__(self, *, per_second: float, burst: float) -> None:
        """``per_second``: units that come back each second, more than 0.

        ``burst``: units at once.
        """
        self.per_second = per_second
        self.burst = burst
        self._level = burst
        self._asked_at: float | None = None

    def take(self, now: float, amount: float = 1) -> bool:
        """Take ``amount`` units if they are there, and return whether they were."""
        if self._asked_at is not None and now > self._asked_at:
            self._level = min(self.burst, self._level + (now - self._asked_at) * self.per_second)
        self._asked_at = now
        if amount > self._level + _EPSILON:
            return False
        self._level -= amount
        return True

    def spend(self, now: float, amount: float = 1) -> None:
        """Take ``amount`` units even if that makes a debt."""
        if not self.take(now, amount):
            self._level -= amount

    def give_back(self, amount: float) -> None:
        """Return units that were taken in excess, because the work cost less."""
        self._level = min(self.burst, self._level + amount)

    def wait(self, now: float, amount: float = 1) -> float:
        """Return the seconds until ``amount`` units can be taken.

        Infinity means never, because ``amount`` exceeds the burst.
        """
        if amount > self.burst:
            return math.inf
        passed = 0.0 if self._asked_at is None else max(0.0, now - self._asked_at)
        return max(0.0, (amount - self._level) / self.per_second - passed)


class RateLimits(Generic[Key]):
    """A rate limit for each key, all with the same rate and burst.

    Memory is bounded: with more than ``max_keys`` active keys the one that spent least recently is
    forgotten.
    """

    def __init__(self, *, per_second: float, burst: float, max_keys: int = _MAX_KEYS) -> None:
        """``per_second``: units that come back to each key each second, more than 0.

        ``burst``: units at once.
        """
        self.per_second = per_second
        self.burst = burst
        self._max_keys = max_keys
        # Level and the time it was true at; the key that spent least recently comes first.
        self._levels: OrderedDict[Key, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, key: Key, now: float, amount: float = 1) -> int:
        """Take ``amount`` units if they are there, and return 0.

        Otherwise return how many whole seconds to wait.
        """
        seconds = self.wait(key, now, amount)
        if not seconds:
            self.spend(key, now, amount)
        return seconds

    def wait(self, key: Key, now: float, amount: float = 1) -> int:
        """Return the whole seconds until the key can take ``amount`` units."""
        return math.ceil(max(0.0, amount - self._level(key, now) - _EPSILON) / self.per_second)

    def spend(self, key: Key, now: float, amount: float = 1) -> None:
        """Take ``amount`` units even if that makes a debt.

        Concurrent requests are paid for afterwards.
        """
        self._levels[key] = (self._level(key, now) - amount, now)
        self._levels.move_to_end(key)
        self._forget(now)

    def give_back(self, key: Key, now: float, amount: float = 1) -> None:
        """Return units that were taken in excess, because the work cost less."""
        if key in self._levels:
            self._levels[key] = (min(float(self.burst), self._level(key, now) + amount), now)

    def left(self, key: Key, now: float) -> int:
        """Return how many whole units the key could take at once."""
        return max(0, math.floor(self._level(key, now) + _EPSILON))

    def _level(self, key: Key, now: float) -> float:
        level, since = self._levels.get(key, (float(self.burst), now))
        return min(float(self.burst), level + max(0.0, now - since) * self.per_second)

    def _forget(self, now: float) -> None:
        while self._levels:
            oldest = next(iter(self._levels))
            if len(self._levels) <= self._max_keys and self._level(oldest, now) < self.burst - _EPSILON:
                return
            del self._levels[oldest]


def address_key(address: str) -> str:
    """Return the key of one client: an IPv4 address, or an IPv6 /64.

    Anything else has the common key "unknown".
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.IPv6Network((ip, 64), strict=False))

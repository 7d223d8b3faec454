"""Makes guessing hopeless without locking anybody out of their own meeting. Pure: the time is an argument, in monotonic seconds.

Every wrong meeting code or host link costs the address it comes from a guess, every wrong host link the room's code, too. Guesses come
back slowly: at most 500 a day for an address and 2,000 for a code, however the requests are spread or overlap. IPv6 addresses count by
their /64, which is what one customer has.

Who holds a true host link passes every limit but the one on requests; see page/calls.py.
"""

import ipaddress
import math
from collections import OrderedDict

# As many addresses as fit in some tens of megabytes. When more are active at once, the one not heard of for longest is forgotten.
_MOST_KEYS = 50_000


class Allowances:
    """An allowance for each key: ``burst`` at once, coming back at ``per_second``. Keys whose allowance is whole are forgotten."""

    def __init__(self, *, burst: int, per_second: float, most_keys: int = _MOST_KEYS) -> None:
        self._burst = burst
        self._per_second = per_second
        self._most_keys = most_keys
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def wait(self, key: str, now: float) -> int:
        """Whole seconds until the key may spend again; 0: now."""
        return math.ceil(max(0.0, 1 - self._level(key, now)) / self._per_second)

    def spend(self, key: str, now: float) -> None:
        """Spend one, even if that makes a debt: requests under way at the same time are paid for afterwards."""
        level = self._level(key, now) - 1
        self._levels[key] = (level, now)
        self._levels.move_to_end(key)
        self._forget(now)

    def _level(self, key: str, now: float) -> float:
        level, since = self._levels.get(key, (float(self._burst), now))
        return min(float(self._burst), level + (now - since) * self._per_second)

    def _forget(self, now: float) -> None:
        # The key that has spent least recently comes first.
        while self._levels:
            oldest = next(iter(self._levels))
            if len(self._levels) <= self._most_keys and self._level(oldest, now) < self._burst:
                return
            del self._levels[oldest]


class GuessLimiter:
    def __init__(self) -> None:
        self._requests = Allowances(burst=120, per_second=10)
        self._addresses = Allowances(burst=10, per_second=1 / 190)
        self._codes = Allowances(burst=20, per_second=1 / 50)

    def wait_for_request(self, address: str, now: float) -> int:
        """Counts one request of this address. Returns how many whole seconds it must wait instead; 0: none."""
        key = address_key(address)
        seconds = self._requests.wait(key, now)
        if seconds == 0:
            self._requests.spend(key, now)
        return seconds

    def wait_for_guess(self, address: str, meeting_code: str, now: float, *, with_token: bool) -> int:
        """How many whole seconds this address must wait before it may be wrong again; 0: none."""
        seconds = self._addresses.wait(address_key(address), now)
        return max(seconds, self._codes.wait(meeting_code, now)) if with_token else seconds

    def was_wrong(self, address: str, meeting_code: str, now: float, *, code_exists: bool) -> None:
        self._addresses.spend(address_key(address), now)
        if code_exists:
            self._codes.spend(meeting_code, now)


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

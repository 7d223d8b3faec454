"""How often an application may ask, and how often a client address may be wrong about who it is.

Every application has two allowances: one for all requests, and a smaller one for those that cost most or cannot be taken back (lists and
deletions). A request over the limit is answered 429 with ``Retry-After``; every answer says in ``RateLimit-*`` headers what is left of the
allowance it was taken from. The levels live in memory: they begin whole after a start.
"""

from dataclasses import dataclass

from moothall.api.errors import TooManyRequests
from moothall.kit.allowances import Allowances, address_key

# Wrong credentials of one address: at once, and coming back at one in three seconds.
_REFUSALS_AT_ONCE = 60
_REFUSALS_PER_SECOND = 1 / 3

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests per second on average, and at once. ``per_second`` 0: no limit."""

    per_second: float
    burst: int


class RequestRates:
    def __init__(self, requests: Rate, costly: Rate) -> None:
        self._requests = _allowances(requests)
        self._costly = _allowances(costly)
        self._refusals = Allowances(burst=_REFUSALS_AT_ONCE, per_second=_REFUSALS_PER_SECOND)

    def count(self, application_id: str, now: float, *, costly: bool) -> tuple[Header, ...]:
        """One request of this application. Returns the headers that say what is left. Raises TooManyRequests."""
        headers: tuple[Header, ...] = ()
        for allowances in (self._requests, self._costly if costly else None):
            if allowances is None:
                continue
            seconds = allowances.wait(application_id, now)
            if seconds:
                error = TooManyRequests("Too many requests", retry_after=seconds)
                error.headers |= {
                    name.decode(): value.decode() for name, value in _headers(allowances, application_id, now, seconds)
                }
                raise error
            allowances.spend(application_id, now)
            headers = _headers(allowances, application_id, now, 1)
        return headers

    def check_address(self, address: str, now: float) -> None:
        """Raises TooManyRequests when this address has been wrong too often."""
        seconds = self._refusals.wait(address_key(address), now)
        if seconds:
            raise TooManyRequests("Too many requests", retry_after=seconds)

    def was_refused(self, address: str, now: float) -> None:
        """Credentials from this address were wrong."""
        self._refusals.spend(address_key(address), now)


def _allowances(rate: Rate) -> Allowances | None:
    return Allowances(burst=rate.burst, per_second=rate.per_second) if rate.per_second else None


def _headers(allowances: Allowances, key: str, now: float, seconds: int) -> tuple[Header, ...]:
    return (
        (b"ratelimit-limit", b"%d" % allowances.burst),
        (b"ratelimit-remaining", b"%d" % allowances.left(key, now)),
        (b"ratelimit-reset", b"%d" % seconds),
    )

"""Rate limits of the REST API: requests per application, wrong credentials per client address.

Every application has two limits: one for all requests, and a smaller one for requests that are
expensive or cannot be undone (lists and deletions). A request over a limit is answered with 429 and
``Retry-After``; every answer reports the remaining budget in ``RateLimit-*`` headers. The limits
are kept in memory and reset at a restart.
"""

from dataclasses import dataclass

from moothall.api.errors import TooManyRequests
from moothall.kit.rate_limit import RateLimits, address_key

# Wrong credentials from one address: a burst of 60, then one every three seconds.
_REFUSALS_BURST = 60
_REFUSALS_PER_SECOND = 1 / 3

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Rate:
    """Sustained rate in requests per second, and burst. ``per_second`` 0 means no limit."""

    per_second: float
    burst: int


class RequestRates:
    def __init__(self, requests: Rate, costly: Rate) -> None:
        self._requests = _limits(requests)
        self._costly = _limits(costly)
        self._refusals: RateLimits[str] = RateLimits(per_second=_REFUSALS_PER_SECOND, burst=_REFUSALS_BURST)

    def count(self, application_id: str, now: float, *, costly: bool) -> tuple[Header, ...]:
        """Count one request of this application. Returns the ``RateLimit-*`` headers.

        Raises TooManyRequests.
        """
        headers: tuple[Header, ...] = ()
        for limits in (self._requests, self._costly if costly else None):
            if limits is None:
                continue
            seconds = limits.take(application_id, now)
            if seconds:
                error = TooManyRequests("Too many requests", retry_after=seconds)
                error.headers |= {
                    name.decode(): value.decode() for name, value in _headers(limits, application_id, now, seconds)
                }
                raise error
            headers = _headers(limits, application_id, now, 1)
        return headers

    def check_address(self, address: str, now: float) -> None:
        """Raise TooManyRequests when this address has sent wrong credentials too often."""
        seconds = self._refusals.wait(address_key(address), now)
        if seconds:
            raise TooManyRequests("Too many requests", retry_after=seconds)

    def was_refused(self, address: str, now: float) -> None:
        """Count wrong credentials from this address."""
        self._refusals.spend(address_key(address), now)


def _limits(rate: Rate) -> RateLimits[str] | None:
    return RateLimits(per_second=rate.per_second, burst=rate.burst) if rate.per_second else None


def _headers(limits: RateLimits[str], key: str, now: float, seconds: int) -> tuple[Header, ...]:
    return (
        (b"ratelimit-limit", b"%d" % limits.burst),
        (b"ratelimit-remaining", b"%d" % limits.left(key, now)),
        (b"ratelimit-reset", b"%d" % seconds),
    )

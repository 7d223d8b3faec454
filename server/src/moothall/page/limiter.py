"""Rate limits of the page's calls.

Calls with a valid token (control token, lobby token, rejoin token of the meeting in question) are
limited by the person it names, so that a school behind one address loses nothing; a wide limit on
the address bounds all of them together. Calls without one are limited by the address.

A wrong meeting code or host link counts as a guess of the address it comes from; a wrong host link
counts against the room's code, too. Guesses come back slowly: an address has 300 at once and 4,620
a day, against 10^12 codes; a code has 2,000 a day. An IPv6 /64, which is what one customer has,
counts as one address.

A caller with a valid host link passes every limit but the one on requests, and a guest with a
rejoin token of the meeting does not guess its code; see page/calls.py.
Pure: the time is an argument, in monotonic seconds.
"""

from moothall.kit.rate_limit import RateLimits, address_key


class PageRateLimits:
    def __init__(self) -> None:
        self._persons: RateLimits[str] = RateLimits(per_second=4, burst=60)
        self._calls_of_address: RateLimits[str] = RateLimits(per_second=300, burst=2_000)
        self._requests: RateLimits[str] = RateLimits(per_second=30, burst=600)
        self._addresses: RateLimits[str] = RateLimits(per_second=1 / 20, burst=300)
        self._codes: RateLimits[str] = RateLimits(per_second=1 / 50, burst=20)

    def wait_for_person(self, address: str, person: str | None, now: float) -> int:
        """Count one call. Returns how many whole seconds the caller must wait instead; 0: none.

        ``person``: whom a valid token names; None without one.
        """
        key = address_key(address)
        return self._requests.take(key, now) if person is None else self._persons.take(person, now)

    def wait_for_any(self, address: str, now: float) -> int:
        """Count one call, whoever makes it; as ``wait_for_person``."""
        return self._calls_of_address.take(address_key(address), now)

    def wait_for_guess(self, address: str, meeting_code: str, now: float, *, with_token: bool) -> int:
        """Return the whole seconds that this address must wait before another wrong guess."""
        seconds = self._addresses.wait(address_key(address), now)
        return max(seconds, self._codes.wait(meeting_code, now)) if with_token else seconds

    def was_wrong(self, address: str, meeting_code: str, now: float, *, code_exists: bool) -> None:
        """Count a wrong guess from this address, and against the code if it exists."""
        self._addresses.spend(address_key(address), now)
        if code_exists:
            self._codes.spend(meeting_code, now)

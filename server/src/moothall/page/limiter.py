"""Makes guessing hopeless without locking anybody out of their own meeting. Pure: the time is an argument, in monotonic seconds.

Every wrong meeting code or host link costs the address it comes from a guess, every wrong host link the room's code, too. Guesses come
back slowly: at most 500 a day for an address and 2,000 for a code, however the requests are spread or overlap. IPv6 addresses count by
their /64, which is what one customer has.

Who holds a true host link passes every limit but the one on requests; see page/calls.py.
"""

from moothall.kit.allowances import Allowances, address_key


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

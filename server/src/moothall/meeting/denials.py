"""People who asked to come in and were turned away. Pure: times are arguments.

Somebody who was denied may ask again twice, a minute after each answer; the third answer is final
while the session goes on. They are known by the lobby token that the answer used up, so that
nobody pays for somebody else behind the same address.
"""

from dataclasses import dataclass

# Questions of one person in one session.
MOST_ASKED = 3
PAUSE_S = 60.0
# Denials are remembered this long, and so many.
_KEPT_S = 12 * 3600.0
_MOST = 10_000


class AskedTooSoon(Exception):
    """They may ask again in ``retry_after`` whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class AskedEnough(Exception):
    """The last answer was final."""


@dataclass(frozen=True, slots=True)
class Denial:
    """``times``: how often this person was denied. ``session``: the serial that it is final for."""

    room_id: str
    times: int
    session: int
    at: float

    @property
    def pause_s(self) -> int | None:
        """Whole seconds after which they may ask again; None: never in this session."""
        return None if self.times >= MOST_ASKED else int(PAUSE_S)


class Denials:
    def __init__(self) -> None:
        # In the order of time.
        self._by_token: dict[str, Denial] = {}

    def note(self, token: str, denial: Denial) -> None:
        """The person with this lobby token has been denied."""
        for old in list(self._by_token):
            if len(self._by_token) < _MOST and self._by_token[old].at + _KEPT_S > denial.at:
                break
            del self._by_token[old]
        self._by_token[token] = denial

    def find(self, token: str) -> Denial | None:
        return self._by_token.get(token)

    def ask_again(self, token: str, room_id: str, session: int, now: float) -> int:
        """Return how often the person with this token was denied in this session.

        Raises AskedTooSoon, AskedEnough.
        """
        denial = self.find(token)
        if denial is None or denial.room_id != room_id or denial.session != session:
            return 0
        if denial.times >= MOST_ASKED:
            raise AskedEnough
        rest = denial.at + PAUSE_S - now
        if rest > 0:
            raise AskedTooSoon(int(rest) + 1)
        return denial.times

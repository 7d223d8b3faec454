"""Participants who may connect and have no media yet. Pure: times are in monotonic seconds.

Between the answer of the gate and the moment a participant is stored as inside, others ask, too;
without this list a room could be filled beyond its limit.
"""

from dataclasses import dataclass

# Longer than the engine lets a connection be without media; a connection that ends is reported.
EXPECTED_S = 65.0
# With this many rooms, each is looked through for people who never came.
_MANY_ROOMS = 1000


@dataclass(frozen=True, slots=True)
class Arrival:
    """``network``: see kit.rate_limit.address_key. ``is_person``: see rules.is_person."""

    until: float
    network: str = ""
    is_person: bool = True


class Arrivals:
    def __init__(self) -> None:
        self._expected: dict[str, dict[str, Arrival]] = {}

    def expect(self, room: str, identity: str, now: float, *, network: str = "", is_person: bool = True) -> None:
        if len(self._expected) >= _MANY_ROOMS:
            for other in list(self._expected):
                self.expected(other, now)
        self._expected.setdefault(room, {})[identity] = Arrival(now + EXPECTED_S, network, is_person)

    def forget(self, room: str, identity: str) -> None:
        """The participant is inside, or will not come."""
        expected = self._expected.get(room, {})
        expected.pop(identity, None)
        if not expected:
            self._expected.pop(room, None)

    def expected(self, room: str, now: float) -> dict[str, Arrival]:
        """By identity. Never more than a room's limit, since only the gate adds people."""
        arrivals = self._expected.get(room, {})
        for identity in [identity for identity, arrival in arrivals.items() if arrival.until <= now]:
            self.forget(room, identity)
        return dict(self._expected.get(room, {}))

"""Who waits before the door. Pure: times are arguments, ``now`` in monotonic seconds.

Somebody who waits asks again and again; who has not asked for fifteen seconds has gone away. The list lives in memory: after a restart
everybody joins, and so waits, again.
"""

from dataclasses import dataclass, field
from datetime import datetime

MOST_PER_ROOM = 250

_PATIENCE_S = 15.0
_MOST = 10_000


class WaitingRoomFull(Exception):
    """No more can wait at this door, or on this server."""


@dataclass(slots=True)
class Waiting:
    """One person. ``answer``: True is yes, False no, None neither yet."""

    token: str = field(repr=False)
    room_id: str
    participant_id: str
    name: str
    since: datetime
    asked_at: float
    answer: bool | None = None


class WaitingRooms:
    """All who wait, by their token and by their room, in the order of coming."""

    def __init__(self) -> None:
        self._by_token: dict[str, Waiting] = {}
        self._by_room: dict[str, dict[str, Waiting]] = {}

    def add(self, person: Waiting) -> None:
        """Raises WaitingRoomFull."""
        if len(self._by_token) >= _MOST:
            self._forget_gone(list(self._by_token.values()), person.asked_at)
        if len(self._by_token) >= _MOST or len(self.in_room(person.room_id, person.asked_at)) >= MOST_PER_ROOM:
            raise WaitingRoomFull
        self._by_token[person.token] = person
        self._by_room.setdefault(person.room_id, {})[person.participant_id] = person

    def ask(self, token: str, now: float) -> Waiting | None:
        """The person with this token, who is still there. None when nobody waits with it."""
        person = self.find(token, now)
        if person is not None:
            person.asked_at = now
        return person

    def find(self, token: str, now: float) -> Waiting | None:
        person = self._by_token.get(token)
        if person is None:
            return None
        self._forget_gone([person], now)
        return self._by_token.get(token)

    def answer(self, room_id: str, participant_id: str, now: float, *, yes: bool) -> Waiting | None:
        """Let in or turn away; a later answer replaces an earlier one. None when nobody waits under this id."""
        people = {person.participant_id: person for person in self.in_room(room_id, now)}
        person = people.get(participant_id)
        if person is not None:
            person.answer = yes
        return person

    def in_room(self, room_id: str, now: float) -> list[Waiting]:
        """Those who are still there, the longest first."""
        self._forget_gone(list(self._by_room.get(room_id, {}).values()), now)
        return list(self._by_room.get(room_id, {}).values())

    def remove(self, person: Waiting) -> None:
        """Does nothing the second time."""
        self._by_token.pop(person.token, None)
        people = self._by_room.get(person.room_id, {})
        people.pop(person.participant_id, None)
        if not people:
            self._by_room.pop(person.room_id, None)

    def _forget_gone(self, people: list[Waiting], now: float) -> None:
        for person in people:
            if person.asked_at + _PATIENCE_S <= now:
                self.remove(person)

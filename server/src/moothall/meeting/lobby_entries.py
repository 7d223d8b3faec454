"""The people in waiting rooms. Pure: times are arguments, ``now`` in monotonic seconds.

Somebody who waits asks again and again; after fifteen seconds without a question they have gone
away. The list lives in memory: after a restart everybody joins, and so waits, again.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

MOST_PER_ROOM = 250
# One address cannot fill a waiting room; a school behind one address still fits.
MOST_PER_NETWORK = 200

_SILENCE_S = 15.0
_MOST = 10_000


class LobbyFull(Exception):
    """No more people can wait for this room, from this network, or on this server."""


class Answer(Enum):
    """The decision about a person who waits."""

    ADMITTED = auto()
    DENIED = auto()
    # The session they waited for was ended for everybody.
    DISMISSED = auto()


@dataclass(slots=True)
class LobbyEntry:
    """One person who waits.

    ``token`` is their lobby token; ``network``: see kit.rate_limit.address_key.
    """

    token: str = field(repr=False)
    room_id: str
    participant_id: str
    name: str
    since: datetime
    asked_at: float
    network: str = ""
    answer: Answer | None = None
    # How often this person was turned away before in this session.
    denials: int = 0

    @property
    def is_dismissed(self) -> bool:
        return self.answer is Answer.DISMISSED


class LobbyEntries:
    """Everybody who waits, by lobby token and by room, in the order of coming."""

    def __init__(self) -> None:
        self._by_token: dict[str, LobbyEntry] = {}
        self._by_room: dict[str, dict[str, LobbyEntry]] = {}

    def add(self, entry: LobbyEntry) -> None:
        """Raises LobbyFull."""
        if len(self._by_token) >= _MOST:
            self._forget_gone(list(self._by_token.values()), entry.asked_at)
        others = self.in_room(entry.room_id, entry.asked_at)
        nearby = sum(other.network == entry.network for other in others)
        if len(self._by_token) >= _MOST or len(others) >= MOST_PER_ROOM or nearby >= MOST_PER_NETWORK:
            raise LobbyFull
        self._by_token[entry.token] = entry
        self._by_room.setdefault(entry.room_id, {})[entry.participant_id] = entry

    def ask(self, token: str, now: float) -> LobbyEntry | None:
        """The entry with this token, whose person is still there. None when there is none."""
        entry = self.find(token, now)
        if entry is not None:
            entry.asked_at = now
        return entry

    def find(self, token: str, now: float) -> LobbyEntry | None:
        entry = self._by_token.get(token)
        if entry is None:
            return None
        self._forget_gone([entry], now)
        return self._by_token.get(token)

    def find_participant(self, room_id: str, participant_id: str, now: float) -> LobbyEntry | None:
        """None when nobody waits under this id."""
        entries = {entry.participant_id: entry for entry in self.in_room(room_id, now)}
        return entries.get(participant_id)

    def in_room(self, room_id: str, now: float) -> list[LobbyEntry]:
        """Those who are still there, the longest first."""
        self._forget_gone(list(self._by_room.get(room_id, {}).values()), now)
        return list(self._by_room.get(room_id, {}).values())

    def remove(self, entry: LobbyEntry) -> None:
        """Does nothing the second time."""
        self._by_token.pop(entry.token, None)
        entries = self._by_room.get(entry.room_id, {})
        entries.pop(entry.participant_id, None)
        if not entries:
            self._by_room.pop(entry.room_id, None)

    def _forget_gone(self, entries: list[LobbyEntry], now: float) -> None:
        for entry in entries:
            if entry.asked_at + _SILENCE_S <= now:
                self.remove(entry)

"""Asks the meeting for admission of a connection.

Makes sure that the answer still holds when the connection is made.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from moothall.engine import Admission, AdmissionGate, Applicant, Refusal, Source
from moothall.engines.embedded.rooms import LiveRooms
from moothall.livekit.tokens import AccessToken


@dataclass(frozen=True, slots=True)
class Consent:
    """The meeting agrees to one connection.

    Void once somebody was removed or limited, or the room filled up, in the meantime: ask again.
    ``sources``, ``video_limit``: see ``engine.Admission``.
    """

    changes: int
    sources: tuple[Source, ...] | None = None
    video_limit: int | None = None


class Admissions:
    """``is_available(room)``: False while newcomers are refused."""

    def __init__(self, gate: AdmissionGate, rooms: LiveRooms, is_available: Callable[[str], bool]) -> None:
        self._gate = gate
        self._rooms = rooms
        self._is_available = is_available
        self._changes = 0

    def somebody_changed(self) -> None:
        """Consents that were given before are void."""
        self._changes += 1

    async def ask(self, token: AccessToken, address: str, *, connects: bool) -> Consent | Refusal:
        """``connects`` False: only to know; no place is kept."""
        while True:
            if not self._is_available(token.room):
                return Refusal("unavailable")
            consent = Consent(self._changes)
            applicant = Applicant(token.room, token.identity, token.kind, token.attributes, address, connects)
            verdict = await self._gate(applicant)
            if isinstance(verdict, Refusal):
                return verdict
            if self._is_full(token):
                return Refusal("meeting_full")
            assert isinstance(verdict, Admission)  # noqa: S101 - the gate knows two answers
            if self.is_current(consent, token):
                return replace(consent, sources=verdict.sources, video_limit=verdict.video_limit)

    def is_current(self, consent: Consent, token: AccessToken) -> bool:
        return self._is_available(token.room) and consent.changes == self._changes and not self._is_full(token)

    def _is_full(self, token: AccessToken) -> bool:
        """By the limit of the server API; the meeting's own is the gate's."""
        live = self._rooms.get(token.room)
        most = 0 if live is None else live.room.settings.max_participants
        if live is None or not most or token.kind.is_dependent:
            return False
        others = (one for one in live.room.participants.values() if one.identity != token.identity)
        return sum(not one.kind.is_dependent for one in others) >= most

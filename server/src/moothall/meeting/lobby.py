"""The lobby: where guests wait until an owner comes or lets them in."""

import asyncio
import contextlib
from collections.abc import Sequence

from moothall.db import Connection, Database
from moothall.engine import ROLE_ATTRIBUTE, EngineEvent, ParticipantJoined
from moothall.kit.clock import Clock
from moothall.kit.ids import new_secret, new_uuid
from moothall.kit.names import NameRefused
from moothall.kit.rate_limit import RateLimits, address_key
from moothall.meeting import rules, store
from moothall.meeting.access import Access
from moothall.meeting.denials import AskedEnough, AskedTooSoon, Denial, Denials
from moothall.meeting.errors import DeniedBefore, LobbyEntryUnknown, MeetingExpired, MeetingFull, NameInvalid, TooFast
from moothall.meeting.gate import Gate
from moothall.meeting.lobby_entries import Answer, LobbyEntries, LobbyEntry, LobbyFull
from moothall.meeting.notices import Notices
from moothall.meeting.outcome import Denied, Dismissed, JoinTicket, Wait
from moothall.meeting.rules import Deny, Hold
from moothall.meeting.tickets import TOKENS_ARE_DEAD, Tickets, refuse
from moothall.rooms.model import Room
from moothall.sessions import store as sessions
from moothall.sessions.model import Role

# How long the answer to a question may be held back, in seconds; shorter than the silence after
# which an entry is dropped.
HOLD_S = 8.0
# Denials after which somebody goes on waiting.
_PASSING = ("meeting_full", "locked", "unavailable")


class Lobby:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        access: Access,
        gate: Gate,
        notices: Notices,
        tickets: Tickets,
        hold_s: float = HOLD_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._access = access
        self._gate = gate
        self._notices = notices
        self._tickets = tickets
        self._entries = LobbyEntries()
        self._denials = Denials()
        self._renames: RateLimits[str] = RateLimits(per_second=0.2, burst=5)
        self._hold_s = hold_s
        # Set when there is news for the question that is held back for this lobby token.
        self._news: dict[str, asyncio.Event] = {}

    async def enter(
        self, room: Room, name: str, reason: rules.WaitReason, *, asked: str | None = None, address: str = ""
    ) -> Wait:
        """A new entry, whoever this was before.

        An admission is for somebody new, whom no earlier removal keeps out. ``asked``: the lobby
        token with which they waited before, which this entry replaces.

        Raises MeetingFull, DeniedBefore.
        """
        denials = await self._count_denials(room.id, asked)
        entry = LobbyEntry(
            token=new_secret(),
            room_id=room.id,
            participant_id=new_uuid(),
            name=name,
            since=self._clock.now(),
            asked_at=self._clock.monotonic(),
            network=address_key(address),
            denials=denials,
        )
        before = None if asked is None else self._entries.find(asked, self._clock.monotonic())
        if before is not None and before.room_id == room.id:
            entry.denials = before.denials
            self._entries.remove(before)
        try:
            self._entries.add(entry)
        except LobbyFull:
            raise MeetingFull from None
        await self._tell_owners(room.id)
        return Wait(reason, entry.token)

    async def rename(self, token: str, name: str) -> str:
        """Another name for somebody who waits; the owners see it. Returns it as it is shown.

        Raises LobbyEntryUnknown, NameInvalid, TooFast.
        """
        now = self._clock.monotonic()
        entry = self._entries.find(token, now)
        if entry is None:
            raise LobbyEntryUnknown
        try:
            cleaned = rules.clean_name(name)
        except NameRefused as refused:
            raise NameInvalid(str(refused)) from None
        if seconds := self._renames.take(entry.participant_id, now):
            raise TooFast(seconds)
        entry.name = cleaned
        await self._tell_owners(entry.room_id)
        return cleaned

    async def ask(self, token: str) -> JoinTicket | Wait | Denied | Dismissed:
        """Return what has become of a person who waits.

        At once if there is news, else when there is some or the hold is over.

        Raises LobbyEntryUnknown, MeetingExpired, and MeetingFull, MeetingLocked or
        MeetingUnavailable (and the person still waits).
        """
        entry = self._entries.ask(token, self._clock.monotonic())
        if entry is None:
            raise LobbyEntryUnknown
        news = asyncio.Event()
        self._tell_asker(token)
        self._news[token] = news
        try:
            outcome = await self._outcome(entry)
            if isinstance(outcome, Wait):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._hold_s):
                        await news.wait()
                # A newer question with this token has taken over, and gets the news.
                if self._news.get(token) is news:
                    outcome = await self._outcome(entry)
        finally:
            if self._news.get(token) is news:
                del self._news[token]
        return outcome

    def stop_holding(self) -> None:
        """The server stops.

        Every question is answered at once, now and from now on, so that none keeps it from
        stopping.
        """
        self._hold_s = 0.0
        for news in self._news.values():
            news.set()

    async def list_for(self, control_token: str) -> list[LobbyEntry]:
        """The people who wait, the longest first. Raises NotPermitted."""
        claims = await self._access.identify_moderator(control_token)
        return self.waiting_in(claims.room_id)

    async def answer_as(self, control_token: str, participant_id: str, *, admit: bool) -> None:
        """An owner lets somebody in or turns them away. Raises NotPermitted, LobbyEntryUnknown."""
        claims = await self._access.identify_moderator(control_token)
        await self.answer(claims.room_id, participant_id, admit=admit)

    def waiting_in(self, room_id: str) -> list[LobbyEntry]:
        """The people who wait for an answer in this room, the longest first."""
        entries = self._entries.in_room(room_id, self._clock.monotonic())
        return [entry for entry in entries if entry.answer is None]

    async def answer(self, room_id: str, participant_id: str, *, admit: bool) -> None:
        """Let somebody in or turn them away. Raises LobbyEntryUnknown."""
        entry = self._entries.find_participant(room_id, participant_id, self._clock.monotonic())
        if entry is None or entry.is_dismissed:
            raise LobbyEntryUnknown
        now = self._clock.now()

        def transaction(connection: Connection) -> int:
            after = sessions.last_closed_serial(connection, room_id)
            if admit:
                store.save_admission(
                    connection, room_id, participant_id, after_session=after, now=now, until=now + TOKENS_ARE_DEAD
                )
            else:
                store.delete_admission(connection, room_id, participant_id)
            return after

        session = await self._database.write(transaction)
        # The session may have been ended for everybody meanwhile.
        if not entry.is_dismissed:
            if not admit and entry.answer is not Answer.DENIED:
                entry.denials += 1
                denial = Denial(room_id, entry.denials, session, self._clock.monotonic())
                self._denials.note(entry.token, denial)
            entry.answer = Answer.ADMITTED if admit else Answer.DENIED
        self._tell_asker(entry.token)
        await self._tell_owners(room_id)

    def dismiss(self, room_id: str) -> None:
        """The session was ended for everybody: the people who wait are told so."""
        for entry in self._entries.in_room(room_id, self._clock.monotonic()):
            entry.answer = Answer.DISMISSED
            self._tell_asker(entry.token)

    def is_waiting(self, token: str) -> bool:
        """Whether somebody waits with this lobby token."""
        return self._entries.find(token, self._clock.monotonic()) is not None

    async def on_engine_events(self, events: Sequence[EngineEvent]) -> None:
        """An EngineListener: those who wait for an owner are answered when one is inside."""
        for event in events:
            if (
                isinstance(event, ParticipantJoined)
                and rules.role_of(event.attributes.get(ROLE_ATTRIBUTE)) is Role.OWNER
            ):
                self.tell_askers(event.room)

    def tell_askers(self, room_id: str) -> None:
        """There may be news for everybody who waits in this room."""
        for entry in self._entries.in_room(room_id, self._clock.monotonic()):
            self._tell_asker(entry.token)

    async def _outcome(self, entry: LobbyEntry) -> JoinTicket | Wait | Denied | Dismissed:
        """Uses the token up, unless the person still waits. Raises as ``ask``."""
        judgement = await self._gate.judge(entry.room_id, entry.participant_id, Role.GUEST)
        if self._entries.find(entry.token, self._clock.monotonic()) is None:
            raise LobbyEntryUnknown
        verdict, room = judgement.verdict, judgement.room
        if isinstance(verdict, Deny) and verdict.reason not in _PASSING:
            self._entries.remove(entry)
            raise MeetingExpired
        if entry.answer is Answer.DISMISSED:
            self._entries.remove(entry)
            return Dismissed()
        if entry.answer is Answer.DENIED:
            self._entries.remove(entry)
            denial = self._denials.find(entry.token)
            return Denied(None if denial is None else denial.pause_s)
        match verdict:
            case Hold(reason):
                if entry.answer is Answer.ADMITTED and reason is rules.WaitReason.APPROVAL:
                    # The session it was for is over, or the person took too long: they are on the
                    # list again.
                    entry.answer = None
                return Wait(reason, entry.token)
            case Deny():
                raise refuse(verdict)
        assert room is not None  # noqa: S101 - the rules admit nobody to an unknown room
        ticket = self._tickets.issue(room, entry.participant_id, Role.GUEST, entry.name)
        self._entries.remove(entry)
        if entry.answer is None:
            await self._tell_owners(room.id)
        return ticket

    async def _count_denials(self, room_id: str, asked: str | None) -> int:
        """Raises DeniedBefore."""
        if asked is None or self._denials.find(asked) is None:
            return 0
        session = await self._database.read(lambda connection: sessions.last_closed_serial(connection, room_id))
        try:
            return self._denials.ask_again(asked, room_id, session, self._clock.monotonic())
        except AskedTooSoon as refused:
            raise DeniedBefore(refused.retry_after) from None
        except AskedEnough:
            raise DeniedBefore(None) from None

    def _tell_asker(self, token: str) -> None:
        """There is news for the question that is held back for this token, if there is one."""
        news = self._news.get(token)
        if news is not None:
            news.set()

    async def _tell_owners(self, room_id: str) -> None:
        await self._notices.lobby_changed(room_id, waiting=len(self.waiting_in(room_id)))

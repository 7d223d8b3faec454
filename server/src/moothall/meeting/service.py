"""What people do in a meeting, and what the media engine reports about it."""

import asyncio
import contextlib
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeVar

import structlog

from moothall.db import UNREACHABLE, Connection, Database
from moothall.engine import (
    Admission,
    EngineEvent,
    JoinGrant,
    LeaveReason,
    MediaEngine,
    ParticipantJoined,
    ParticipantLeft,
    Refusal,
    RoomFinished,
)
from moothall.jobs import store as jobs
from moothall.jobs.model import Job
from moothall.jobs.runner import JobHandler
from moothall.kit.clock import Clock
from moothall.kit.ids import new_secret, new_uuid
from moothall.meeting import rules, store
from moothall.meeting.admissions import Admissions
from moothall.meeting.chat import MeetingChat
from moothall.meeting.control import LIFETIME, ControlClaims, ControlToken
from moothall.meeting.errors import (
    HostLinkInvalid,
    MeetingExpired,
    MeetingFull,
    MeetingRefused,
    MeetingUnknown,
    NameInvalid,
    NotPermitted,
    Removed,
    WaitingUnknown,
)
from moothall.meeting.waiting import Waiting, WaitingRoomFull, WaitingRooms
from moothall.rooms import service as rooms
from moothall.rooms import store as rooms_store
from moothall.rooms.links import owner_of
from moothall.rooms.model import JoinApprovalLevel, Room, has_ended
from moothall.sessions import service as sessions
from moothall.sessions import store as sessions_store
from moothall.sessions.model import Role
from moothall.themes import store as themes
from moothall.themes.model import Theme

T = TypeVar("T")

# Data packets from the server itself; their payload is JSON with a "type".
ROOM_TOPIC = "moothall.room"
EVICTION_JOB = "room_eviction"

TOKEN_LIFETIME = timedelta(minutes=10)
# How long an answer to somebody who waits may take; shorter than the patience of the waiting room.
_HOLD_S = 8.0
_SOURCES: tuple[Literal["camera", "microphone", "screen_share", "screen_share_audio"], ...] = (
    "camera",
    "microphone",
    "screen_share",
    "screen_share_audio",
)
_RETURNING = {LeaveReason.DUPLICATE_IDENTITY, LeaveReason.SERVER_SHUTDOWN}
# An event of the engine is never reported again, so a database that restarts is waited for. The engine's queue is bounded.
_EVENT_TRIES = 30
_EVENT_PAUSE_S = 1.0
# As many change few rows; each is about a dozen statements.
_FEW_EVENTS = 2
_DATABASE_AWAY = (*UNREACHABLE, OSError)

_log = structlog.get_logger("moothall.meeting")


@dataclass(frozen=True, slots=True)
class MeetingSecrets:
    """``host_link`` signs the host links (see rooms.links), ``control`` what a person in the meeting may ask for."""

    host_link: str = field(repr=False)
    control: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the page shows before joining; see ``POST /page/lookup``."""

    role: Role
    room: Room
    theme: Theme | None
    participants: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a person needs to connect; see ``POST /page/join``."""

    participant_id: str
    role: Role
    name: str
    url: str
    token: str = field(repr=False)
    control_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: ask again with the token; see ``POST /page/waiting``. Only guests wait."""

    reason: rules.WaitReason
    token: str = field(repr=False)
    role: Role = Role.GUEST


@dataclass(frozen=True, slots=True)
class Denied:
    """The owner or the application has said no."""


class MeetingService:
    def __init__(
        self,
        *,
        database: Database,
        engine: MediaEngine,
        clock: Clock,
        secrets: MeetingSecrets,
        wake: Callable[[], None],
        waiting_hold_s: float = _HOLD_S,
    ) -> None:
        """``wake`` is called on the event loop after a transaction that may have left callbacks or jobs due.

        ``waiting_hold_s``: how long the answer to somebody who waits may be held back for news.
        """
        self._database = database
        self._engine = engine
        self._clock = clock
        self._host_link_secret = secrets.host_link
        self._control = ControlToken(secrets.control)
        self._wake = wake
        self._admissions = Admissions()
        self._owners_on_the_way = Admissions()
        self._waiting = WaitingRooms()
        self._hold_s = waiting_hold_s
        # Set when there is news for the question that is held back for this waiting token.
        self._news: dict[str, asyncio.Event] = {}
        self.chat = MeetingChat(database, engine, clock, self.identify)

    async def recover(self) -> None:
        """What a crash left behind: give the people of open sessions time to come back. Await it before anybody can connect."""
        now = self._clock.now()

        def transaction(connection: Connection) -> int:
            expected = sessions.recover(connection, now)
            sessions.heartbeat(connection, now)
            return expected

        expected = await self._write(transaction)
        if expected:
            _log.info("sessions_recovered", participants=expected)

    async def run(self) -> None:
        """Keep the heartbeat that ``recover`` reads. Never returns unless cancelled."""
        while True:
            try:
                await self._database.write(functools.partial(sessions.heartbeat, now=self._clock.now()))
            except Exception:  # noqa: BLE001 - a supervisor: logs, and tries again
                _log.exception("heartbeat_not_written")
            await asyncio.sleep(sessions.HEARTBEAT.total_seconds())

    def job_handlers(self) -> Mapping[str, JobHandler]:
        """The handlers for the jobs of rooms and sessions, by kind, for jobs.runner.JobRunner."""
        return {rooms.EXPIRY_JOB: self.expire, EVICTION_JOB: self.evict, sessions.GRACE_JOB: self.end_grace}

    async def lookup(self, meeting_code: str, participant_token: str | None) -> Lookup:
        """Raises MeetingUnknown, HostLinkInvalid, MeetingExpired."""
        room, role, _ = await self._enter(meeting_code, participant_token)
        theme = await self._database.read(
            lambda connection: themes.find_theme_in_force(connection, room.application_id, room.theme_id)
        )
        return Lookup(role, room, theme, len(await self._engine.participants(room.id)))

    async def join(
        self, meeting_code: str, participant_token: str | None, name: str, control_token: str | None = None
    ) -> Ticket | Wait:
        """A ticket for one participant, or a place in the waiting room.

        With the control token of an earlier join of this room, in the same role, it is the same participant, whose new connection replaces an
        old one. Who has been inside in the session that goes on does not wait again, unless they were sent away.

        Raises MeetingUnknown, HostLinkInvalid, MeetingExpired, MeetingFull, NameInvalid, Removed.
        """
        room, role, owner = await self._enter(meeting_code, participant_token)
        cleaned = rules.clean_name(name)
        if cleaned is None:
            raise NameInvalid
        known = self._find_known(control_token, room, role)
        is_back = role is Role.GUEST and known is not None and await self._has_been_inside(room.id, known)
        reason = await self._wait_reason(room, role, admitted=is_back)
        if reason is not None:
            # Whoever this was before: a yes is for somebody new, whom no earlier removal keeps out.
            return await self._begin_waiting(room, new_uuid(), cleaned, reason)
        participant_id = known or await self._new_identity(room, owner)
        try:
            return await self._ticket(room, participant_id, role, cleaned)
        except MeetingRefused:
            self._owners_on_the_way.forget(room.id, participant_id)
            raise

    async def ask_waiting(self, token: str) -> Ticket | Wait | Denied:
        """What has become of somebody who waits: at once if there is news, else when there is some or the hold is over.

        Raises WaitingUnknown, MeetingExpired, MeetingFull (and the person still waits).
        """
        person = self._waiting.ask(token, self._clock.monotonic())
        if person is None:
            raise WaitingUnknown
        news = asyncio.Event()
        self._tell_asker(token)
        self._news[token] = news
        try:
            outcome = await self._outcome(person)
            if isinstance(outcome, Wait):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._hold_s):
                        await news.wait()
                # A newer question with this token has taken over, and gets the news.
                if self._news.get(token) is news:
                    outcome = await self._outcome(person)
        finally:
            if self._news.get(token) is news:
                del self._news[token]
        return outcome

    def stop_holding(self) -> None:
        """The server stops: whoever waits is answered at once, now and from now on, so that no question keeps it from stopping."""
        self._hold_s = 0.0
        for news in self._news.values():
            news.set()

    async def waiting_list(self, control_token: str) -> list[Waiting]:
        """Who waits, the longest first. Raises NotPermitted."""
        claims = await self._moderator(control_token)
        return self.waiting_in(claims.room_id)

    async def answer_waiting(self, control_token: str, participant_id: str, *, yes: bool) -> None:
        """The owner lets somebody in or turns them away. Raises NotPermitted, WaitingUnknown."""
        claims = await self._moderator(control_token)
        await self.answer_in(claims.room_id, participant_id, yes=yes)

    def waiting_in(self, room_id: str) -> list[Waiting]:
        """Who waits for an answer in this room, the longest first."""
        people = self._waiting.in_room(room_id, self._clock.monotonic())
        return [person for person in people if person.answer is None]

    async def answer_in(self, room_id: str, participant_id: str, *, yes: bool) -> None:
        """Let somebody in or turn them away. Raises WaitingUnknown."""
        person = self._waiting.answer(room_id, participant_id, self._clock.monotonic(), yes=yes)
        if person is None:
            raise WaitingUnknown
        self._tell_asker(person.token)
        await self._tell_owners(room_id)

    async def remove(self, room_id: str, participant_id: str) -> bool:
        """Send somebody away for as long as their token could bring them back. False when they are not there."""
        on_the_way = self._admissions.on_the_way(room_id, self._clock.monotonic())
        if participant_id not in {*await self._engine.participants(room_id), *on_the_way}:
            return False
        now = self._clock.now()
        # Written first: who comes back in between is asked about at the gate.
        await self._database.write(
            lambda connection: store.save_removal(
                # Remembered for as long as a control token could tell who this was.
                connection,
                room_id,
                participant_id,
                until=now + TOKEN_LIFETIME,
                forget_before=now - LIFETIME,
            )
        )
        await self._engine.remove_participant(room_id, participant_id)
        return True

    async def _begin_waiting(self, room: Room, participant_id: str, name: str, reason: rules.WaitReason) -> Wait:
        person = Waiting(
            token=new_secret(),
            room_id=room.id,
            participant_id=participant_id,
            name=name,
            since=self._clock.now(),
            asked_at=self._clock.monotonic(),
        )
        try:
            self._waiting.add(person)
        except WaitingRoomFull:
            raise MeetingFull from None
        await self._tell_owners(room.id)
        return Wait(reason, person.token)

    async def _outcome(self, person: Waiting) -> Ticket | Wait | Denied:
        """Uses the token up, unless the person still waits. Raises as ``ask_waiting``."""
        room = await self._database.read(lambda connection: rooms_store.find_room(connection, person.room_id))
        if self._waiting.find(person.token, self._clock.monotonic()) is None:
            raise WaitingUnknown
        if room is None or has_ended(room, self._clock.now()):
            self._waiting.remove(person)
            raise MeetingExpired
        if person.answer is False:
            self._waiting.remove(person)
            return Denied()
        reason = await self._wait_reason(room, Role.GUEST, admitted=person.answer is True)
        if reason is not None:
            return Wait(reason, person.token)
        ticket = await self._ticket(room, person.participant_id, Role.GUEST, person.name)
        self._waiting.remove(person)
        if person.answer is None:
            await self._tell_owners(room.id)
        return ticket

    async def _wait_reason(self, room: Room, role: Role, *, admitted: bool) -> rules.WaitReason | None:
        asks_for_owner = room.join_approval_level is JoinApprovalLevel.AFTER_OWNER_ONLY and role is Role.GUEST
        owner_inside = asks_for_owner and bool(await self._owners_inside(room.id))
        return rules.find_wait_reason(room.join_approval_level, role, owner_inside=owner_inside, admitted=admitted)

    def _find_known(self, control_token: str | None, room: Room, role: Role) -> str | None:
        """The participant who joined this room in this role before and got this token."""
        claims = None if control_token is None else self._control.parse(control_token, self._clock.now())
        return claims.participant_id if claims and (claims.room_id, claims.role) == (room.id, role) else None

    async def _new_identity(self, room: Room, owner: str | None) -> str:
        """For a guest a new one. For the host link the owner's own, or a new one while somebody has that: two hosts are two people."""
        if owner is None:
            return new_uuid()
        inside = await self._engine.participants(room.id)
        now = self._clock.monotonic()
        # No await from here on: two who come at once are told apart.
        if owner in inside or owner in self._owners_on_the_way.on_the_way(room.id, now):
            return new_uuid()
        self._owners_on_the_way.note(room.id, owner, now)
        return owner

    async def _has_been_inside(self, room_id: str, participant_id: str) -> bool:
        """In the session that goes on, and not sent away since."""

        def transaction(connection: Connection) -> bool:
            session = sessions_store.find_open_session(connection, room_id)
            return (
                session is not None
                and sessions_store.has_attended(connection, session.id, participant_id)
                and not store.was_removed(connection, room_id, participant_id)
            )

        return await self._database.read(transaction)

    async def _owners_inside(self, room_id: str) -> list[str]:
        inside = set(await self._engine.participants(room_id))
        if not inside:
            return []

        def transaction(connection: Connection) -> list[str]:
            session = sessions_store.find_open_session(connection, room_id)
            attendances = [] if session is None else sessions_store.open_attendances(connection, session.id)
            return [one.participant_id for one in attendances if one.role is Role.OWNER]

        owners = await self._database.read(transaction)
        return [owner for owner in owners if owner in inside]

    def _tell_asker(self, token: str) -> None:
        """There is news for the question that is held back for this token, if there is one."""
        news = self._news.get(token)
        if news is not None:
            news.set()

    def _tell_askers(self, room_id: str) -> None:
        for person in self._waiting.in_room(room_id, self._clock.monotonic()):
            self._tell_asker(person.token)

    async def _tell_owners(self, room_id: str) -> None:
        """The list of those who wait has changed."""
        owners = await self._owners_inside(room_id)
        if owners:
            payload = {"type": "waiting_changed", "waiting": len(self.waiting_in(room_id))}
            await self._engine.send_data(room_id, json.dumps(payload).encode(), topic=ROOM_TOPIC, to=owners)

    async def _ticket(self, room: Room, participant_id: str, role: Role, cleaned: str) -> Ticket:
        """Raises MeetingFull, MeetingExpired, Removed."""
        now = self._clock.now()
        removed = await self._database.read(
            lambda connection: store.is_removed(connection, room.id, participant_id, now)
        )
        verdict = await self._may_join(room, participant_id, removed=removed)
        if isinstance(verdict, Refusal):
            match verdict.reason:
                case "meeting_full":
                    raise MeetingFull
                case "removed":
                    raise Removed
                case _:
                    raise MeetingExpired
        grant = JoinGrant(
            room=room.id,
            identity=participant_id,
            name=cleaned,
            attributes={"role": role.value},
            can_publish_sources=_SOURCES,
            ttl=TOKEN_LIFETIME,
        )
        return Ticket(
            participant_id=participant_id,
            role=role,
            name=cleaned,
            url=self._engine.client_url(),
            token=self._engine.access_token(grant),
            control_token=self._control.issue(ControlClaims(room.id, participant_id, role), self._clock.now()),
        )

    async def end_for_all(self, control_token: str) -> None:
        """Everybody's connection is closed; the room stays open. Raises NotPermitted."""
        claims = await self._moderator(control_token)
        await self._engine.delete_room(claims.room_id)

    async def gate(self, room_id: str, identity: str) -> Admission | Refusal:
        """The engine's AdmissionGate."""
        now = self._clock.now()

        def transaction(connection: Connection) -> tuple[Room | None, bool]:
            room = rooms_store.find_room(connection, room_id)
            return room, store.is_removed(connection, room_id, identity, now)

        # Two reads by key for each of the hundreds who may come at once.
        room, removed = await self._database.peek(transaction)
        verdict = await self._may_join(room, identity, removed=removed)
        if isinstance(verdict, Admission):
            self._admissions.note(room_id, identity, self._clock.monotonic())
        return verdict

    async def on_engine_events(self, events: Sequence[EngineEvent]) -> None:
        """The engine's EngineListener: what these events change is written in one transaction."""
        # Rooms that start and tracks that come and go change nothing that is stored.
        stored = [event for event in events if isinstance(event, ParticipantJoined | ParticipantLeft | RoomFinished)]
        if not stored:
            return
        joined = [event for event in stored if isinstance(event, ParticipantJoined)]
        for event in joined:
            self._admissions.forget(event.room, event.identity)
            self._owners_on_the_way.forget(event.room, event.identity)
        now = self._clock.now()
        refused = await self._write_events(
            lambda connection: [event for event in stored if not _write_down(connection, event, now)],
            long=len(stored) > _FEW_EVENTS,
        )
        for event in joined:
            if event in refused:
                # The room ended between the gate and here.
                await self._engine.remove_participant(event.room, event.identity)
            elif rules.role_of(event.attributes.get("role")) is Role.OWNER:
                self._tell_askers(event.room)

    async def expire(self, job: Job) -> None:
        """Job ``room_expiry``, whose key is the room id: end the room if it is due."""
        now = self._clock.now()

        def transaction(connection: Connection) -> None:
            if rooms.expire_room_if_due(connection, job.key, now) is not None:
                jobs.schedule(connection, kind=EVICTION_JOB, key=job.key, run_at=now)

        await self._write(transaction)

    async def evict(self, job: Job) -> None:
        """Job ``room_eviction``, whose key is the id of a room that has ended: tell whoever is inside, and let them go."""
        if await self._engine.participants(job.key):
            payload = json.dumps({"type": "room_expired"}).encode()
            await self._engine.send_data(job.key, payload, topic=ROOM_TOPIC)
            await self._engine.delete_room(job.key)
        self._tell_askers(job.key)

    async def end_grace(self, job: Job) -> None:
        """Job ``session_grace``, whose key is the room id."""
        now = self._clock.now()
        await self._write(lambda connection: sessions.end_grace(connection, job.key, now))

    async def _enter(self, meeting_code: str, participant_token: str | None) -> tuple[Room, Role, str | None]:
        """The room, the caller's role in it, and the owner's participant id when that is the caller."""
        room = await self._database.read(lambda connection: rooms_store.find_room_by_code(connection, meeting_code))
        if room is None:
            raise MeetingUnknown
        owner = None
        if participant_token is not None:
            owner = owner_of(room, participant_token, self._host_link_secret)
            if owner is None:
                raise HostLinkInvalid
        if has_ended(room, self._clock.now()):
            raise MeetingExpired
        return room, Role.GUEST if owner is None else Role.OWNER, owner

    async def identify(self, control_token: str) -> ControlClaims:
        """Who asks. Raises NotPermitted for anybody who is not inside."""
        claims = self._control.parse(control_token, self._clock.now())
        if claims is None or claims.participant_id not in await self._engine.participants(claims.room_id):
            raise NotPermitted
        return claims

    async def _moderator(self, control_token: str) -> ControlClaims:
        """Raises NotPermitted for anybody but an owner who is inside."""
        claims = await self.identify(control_token)
        if not rules.may_moderate(claims.role):
            raise NotPermitted
        return claims

    async def _may_join(self, room: Room | None, identity: str, *, removed: bool) -> Admission | Refusal:
        others: set[str] = set()
        if room is not None:
            others.update(await self._engine.participants(room.id))
            others |= self._admissions.on_the_way(room.id, self._clock.monotonic())
            others.discard(identity)
        return rules.may_join(room, others=len(others), removed=removed, now=self._clock.now())

    async def _write(self, transaction: Callable[[Connection], T], *, long: bool = False) -> T:
        write = self._database.write_long if long else self._database.write
        result = await write(transaction)
        self._wake()
        return result

    async def _write_events(self, transaction: Callable[[Connection], T], *, long: bool) -> T:
        """Raises what the database raises once it has been away for half a minute."""
        for attempt in range(_EVENT_TRIES):
            try:
                return await self._write(transaction, long=long)
            except _DATABASE_AWAY as error:
                if attempt == _EVENT_TRIES - 1:
                    raise
                _log.warning("engine_event_not_written", error=type(error).__name__)
                await asyncio.sleep(_EVENT_PAUSE_S)
        raise AssertionError("the loop above returns or raises")


def _write_down(
    connection: Connection, event: ParticipantJoined | ParticipantLeft | RoomFinished, now: datetime
) -> bool:
    """False for somebody who joined a room that has ended."""
    match event:
        case ParticipantJoined():
            return sessions.participant_joined(
                connection,
                event.room,
                participant_id=event.identity,
                sid=event.sid,
                name=event.name,
                role=rules.role_of(event.attributes.get("role")),
                at=event.at,
                now=now,
            )
        case ParticipantLeft():
            sessions.participant_left(
                connection,
                event.room,
                participant_id=event.identity,
                sid=event.sid,
                returning=event.reason in _RETURNING,
                at=event.at,
                now=now,
            )
        case RoomFinished():
            sessions.room_emptied(connection, event.room, at=event.at, now=now)
    return True

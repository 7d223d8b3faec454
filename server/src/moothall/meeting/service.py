"""What people do in a meeting, and what the media engine reports about it."""

import asyncio
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from moothall.db import Connection, Database, DatabaseUnavailable
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
from moothall.kit.ids import new_uuid
from moothall.meeting import rules
from moothall.meeting.admissions import Admissions
from moothall.meeting.control import ControlClaims, ControlToken
from moothall.meeting.errors import (
    HostLinkInvalid,
    MeetingExpired,
    MeetingFull,
    MeetingUnknown,
    NameInvalid,
    NotPermitted,
)
from moothall.rooms import service as rooms
from moothall.rooms import store as rooms_store
from moothall.rooms.links import owner_of
from moothall.rooms.model import Room, has_ended
from moothall.sessions import service as sessions
from moothall.sessions.model import Role
from moothall.themes import store as themes
from moothall.themes.model import Theme

T = TypeVar("T")

# Data packets from the server itself; their payload is JSON with a "type".
ROOM_TOPIC = "moothall.room"
EVICTION_JOB = "room_eviction"

_TOKEN_LIFETIME = timedelta(minutes=10)
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
_DATABASE_AWAY = (DatabaseUnavailable, OperationalError, InterfaceError, OSError)

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


class MeetingService:
    def __init__(
        self,
        *,
        database: Database,
        engine: MediaEngine,
        clock: Clock,
        secrets: MeetingSecrets,
        wake: Callable[[], None],
    ) -> None:
        """``wake`` is called on the event loop after a transaction that may have left callbacks or jobs due."""
        self._database = database
        self._engine = engine
        self._clock = clock
        self._host_link_secret = secrets.host_link
        self._control = ControlToken(secrets.control)
        self._wake = wake
        self._admissions = Admissions()

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

    async def join(self, meeting_code: str, participant_token: str | None, name: str) -> Ticket:
        """A ticket for one participant. The owner is the same participant each time; a second connection replaces the first.

        Raises MeetingUnknown, HostLinkInvalid, MeetingExpired, MeetingFull, NameInvalid.
        """
        room, role, owner = await self._enter(meeting_code, participant_token)
        cleaned = rules.clean_name(name)
        if cleaned is None:
            raise NameInvalid
        participant_id = owner or new_uuid()
        verdict = await self._may_join(room, participant_id)
        if isinstance(verdict, Refusal):
            raise MeetingFull if verdict.reason == "meeting_full" else MeetingExpired
        grant = JoinGrant(
            room=room.id,
            identity=participant_id,
            name=cleaned,
            attributes={"role": role.value},
            can_publish_sources=_SOURCES,
            ttl=_TOKEN_LIFETIME,
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
        claims = self._control.parse(control_token, self._clock.now())
        if claims is None or not rules.may_end(claims.role):
            raise NotPermitted
        if claims.participant_id not in await self._engine.participants(claims.room_id):
            raise NotPermitted
        await self._engine.delete_room(claims.room_id)

    async def gate(self, room_id: str, identity: str) -> Admission | Refusal:
        """The engine's AdmissionGate."""
        room = await self._database.read(lambda connection: rooms_store.find_room(connection, room_id))
        verdict = await self._may_join(room, identity)
        if isinstance(verdict, Admission):
            self._admissions.note(room_id, identity, self._clock.monotonic())
        return verdict

    async def on_engine_event(self, event: EngineEvent) -> None:
        """The engine's EngineListener."""
        match event:
            case ParticipantJoined():
                await self._joined(event)
            case ParticipantLeft():
                await self._left(event)
            case RoomFinished():
                await self._finished(event)
            case _:
                # Rooms that start and tracks that come and go change nothing that is stored.
                return

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

    async def _may_join(self, room: Room | None, identity: str) -> Admission | Refusal:
        others: set[str] = set()
        if room is not None:
            others.update(await self._engine.participants(room.id))
            others |= self._admissions.on_the_way(room.id, self._clock.monotonic())
            others.discard(identity)
        return rules.may_join(room, others=len(others), now=self._clock.now())

    async def _joined(self, event: ParticipantJoined) -> None:
        self._admissions.forget(event.room, event.identity)
        now = self._clock.now()
        role = rules.role_of(event.attributes.get("role"))
        admitted = await self._write_event(
            lambda connection: sessions.participant_joined(
                connection,
                event.room,
                participant_id=event.identity,
                sid=event.sid,
                name=event.name,
                role=role,
                at=event.at,
                now=now,
            )
        )
        if not admitted:
            # The room ended between the gate and here.
            await self._engine.remove_participant(event.room, event.identity)

    async def _left(self, event: ParticipantLeft) -> None:
        now = self._clock.now()
        await self._write_event(
            lambda connection: sessions.participant_left(
                connection,
                event.room,
                participant_id=event.identity,
                sid=event.sid,
                returning=event.reason in _RETURNING,
                at=event.at,
                now=now,
            )
        )

    async def _finished(self, event: RoomFinished) -> None:
        now = self._clock.now()
        await self._write_event(lambda connection: sessions.room_emptied(connection, event.room, at=event.at, now=now))

    async def _write(self, transaction: Callable[[Connection], T]) -> T:
        result = await self._database.write(transaction)
        self._wake()
        return result

    async def _write_event(self, transaction: Callable[[Connection], T]) -> T:
        """Raises what the database raises once it has been away for half a minute."""
        for attempt in range(_EVENT_TRIES):
            try:
                return await self._write(transaction)
            except _DATABASE_AWAY as error:
                if attempt == _EVENT_TRIES - 1:
                    raise
                _log.warning("engine_event_not_written", error=type(error).__name__)
                await asyncio.sleep(_EVENT_PAUSE_S)
        raise AssertionError("the loop above returns or raises")

"""Turns the media engine's reports about people into sessions and attendances."""

import asyncio
import functools
from collections.abc import Sequence
from datetime import datetime
from typing import TypeGuard

import structlog

from moothall.db import Connection, Database
from moothall.engine import EngineEvent, LeaveReason, MediaEngine, ParticipantJoined, ParticipantLeft, RoomFinished
from moothall.kit.clock import Clock
from moothall.meeting import roles, rules
from moothall.meeting.writes import Writes
from moothall.sessions import service as sessions

_RETURNING = {LeaveReason.DUPLICATE_IDENTITY, LeaveReason.SERVER_SHUTDOWN}
# Up to this many events run as a short write; each is about a dozen statements.
_FEW_EVENTS = 2

# How long the report of somebody who is inside may take to be stored, in seconds.
_REPORT_S = 2.0

_log = structlog.get_logger("moothall.meeting")


class AttendanceKeeper:
    def __init__(self, *, database: Database, engine: MediaEngine, clock: Clock, writes: Writes) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._writes = writes
        # Set once the report that somebody is inside has been stored: by room and participant.
        self._awaited: dict[tuple[str, str], asyncio.Event] = {}

    async def wait_for(self, room_id: str, participant_id: str) -> bool:
        """Wait until the report that this participant is inside has been stored.

        False when that takes too long.
        """
        arrived = self._awaited.setdefault((room_id, participant_id), asyncio.Event())
        try:
            async with asyncio.timeout(_REPORT_S):
                await arrived.wait()
        except TimeoutError:
            self._awaited.pop((room_id, participant_id), None)
            return False
        return True

    async def recover(self) -> None:
        """After a crash: give the people of open sessions time to come back.

        Await it before anybody can connect.
        """
        now = self._clock.now()

        def transaction(connection: Connection) -> int:
            expected = sessions.recover(connection, now)
            sessions.heartbeat(connection, now)
            return expected

        expected = await self._writes.write(transaction)
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

    async def on_engine_events(self, events: Sequence[EngineEvent]) -> None:
        """An EngineListener: what these events change is written in one transaction.

        Raises what the database raises; the engine then reports the same events again.
        """
        stored = [event for event in events if _is_stored(event)]
        if not stored:
            return
        now = self._clock.now()
        refused = await self._writes.write(
            lambda connection: [event for event in stored if not _write_down(connection, event, now)],
            is_long=len(stored) > _FEW_EVENTS,
        )
        for event in stored:
            if isinstance(event, ParticipantJoined) and event in refused:
                # The room ended between the gate and here.
                await self._engine.remove_participant(event.room, event.identity)
            elif isinstance(event, ParticipantJoined):
                arrived = self._awaited.pop((event.room, event.identity), None)
                if arrived is not None:
                    arrived.set()


def _is_stored(event: EngineEvent) -> TypeGuard[ParticipantJoined | ParticipantLeft | RoomFinished]:
    """People make sessions and attendances.

    Machines, rooms that start, and tracks that come and go change nothing stored.
    """
    if isinstance(event, ParticipantJoined | ParticipantLeft):
        return rules.is_person(event.kind)
    return isinstance(event, RoomFinished)


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
                role=roles.find_role(connection, event.room, event.identity, event.attributes),
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

"""Checks of a connection before joining.

A check has a room of its own on the media engine, with one publisher and one subscriber: two
connections of the same page. It is no meeting: the rest of the server never hears of it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from moothall.checks.model import LIFE_S, TICKET_S, VIDEO_BITS_PER_SECOND, RunningChecks
from moothall.db import Connection, Database
from moothall.engine import (
    CHECK_ROOM_PREFIX,
    Admission,
    Applicant,
    EngineEvent,
    JoinGrant,
    MediaEngine,
    Refusal,
    RoomFinished,
)
from moothall.kit.clock import Clock
from moothall.kit.ids import new_uuid
from moothall.kit.rate_limit import RateLimits, address_key
from moothall.meeting.access import Insider
from moothall.meeting.errors import NotPermitted, TooFast
from moothall.sessions import store as sessions
from moothall.sessions.model import ConnectionCheck, Findings

PUBLISHER, SUBSCRIBER = "publisher", "subscriber"
_TICK_S = 1.0
# When there is no place for another check, the next one may be asked for after this.
_FULL_RETRY_S = 10
_EVERYBODY = "all"

_log = structlog.get_logger("moothall.checks")


@dataclass(frozen=True, slots=True)
class CheckTicket:
    """Permission to run one check. ``url`` as in a join ticket; ``seconds``: its longest duration.

    ``bits_per_second``: the most that the subscriber is sent.
    """

    url: str | None
    publisher_token: str
    subscriber_token: str
    seconds: int = int(LIFE_S)
    bits_per_second: int = VIDEO_BITS_PER_SECOND


class Checks:
    def __init__(self, database: Database, engine: MediaEngine, clock: Clock) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._running = RunningChecks()
        self._of_network: RateLimits[str] = RateLimits(per_second=1 / 10, burst=20)
        self._of_all: RateLimits[str] = RateLimits(per_second=2, burst=40)
        self._asked = asyncio.Event()

    def open(self, address: str) -> CheckTicket:
        """Tickets for one check, which only the network of this address can use. Raises TooFast."""
        now = self._clock.monotonic()
        network = address_key(address)
        seconds = self._of_network.take(network, now) or self._of_all.take(_EVERYBODY, now)
        if seconds:
            raise TooFast(seconds)
        room = CHECK_ROOM_PREFIX + new_uuid()
        if not self._running.open(room, network, now):
            raise TooFast(_FULL_RETRY_S)
        self._asked.set()
        return CheckTicket(self._engine.client_url(), self._token(room, PUBLISHER), self._token(room, SUBSCRIBER))

    def admit(self, applicant: Applicant) -> Admission | Refusal:
        """The engine's AdmissionGate for the rooms of checks."""
        network = address_key(applicant.address)
        now = self._clock.monotonic()
        if not self._running.admit(applicant.room, network, now, connects=applicant.connects):
            return Refusal("unknown_meeting")
        return Admission(("camera",), video_limit=VIDEO_BITS_PER_SECOND)

    async def on_engine_events(self, events: Sequence[EngineEvent]) -> None:
        """Hear of the rooms of checks: one that everybody has left is over."""
        for event in events:
            if isinstance(event, RoomFinished):
                self._running.close(event.room)

    async def run(self) -> None:
        """End checks whose time is over. Never returns unless cancelled."""
        while True:
            self._asked.clear()
            if not self._running:
                await self._asked.wait()
            await asyncio.sleep(_TICK_S)
            await self.end_overdue()

    async def end_overdue(self) -> None:
        for room in self._running.take_overdue(self._clock.monotonic()):
            try:
                await self._engine.delete_room(room)
            except Exception:  # noqa: BLE001 - a supervisor: the gate lets nobody in any more
                _log.exception("check_not_ended")

    async def report(self, caller: Insider, findings: Findings, age: timedelta) -> None:
        """Keep with the caller's stay what their page found that long ago. Raises NotPermitted."""
        check = ConnectionCheck(self._clock.now() - age, findings)

        def transaction(connection: Connection) -> bool:
            return sessions.save_connection_check(connection, caller.room_id, caller.participant_id, check)

        if not await self._database.write(transaction):
            raise NotPermitted

    def _token(self, room: str, identity: str) -> str:
        publishes = identity == PUBLISHER
        grant = JoinGrant(
            room=room,
            identity=identity,
            name="",
            can_publish=publishes,
            can_subscribe=not publishes,
            can_publish_data=False,
            can_publish_sources=("camera",) if publishes else (),
            ttl=timedelta(seconds=TICKET_S),
        )
        return self._engine.access_token(grant)

"""Reports reach the listener, even if it fails."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from support.embedded import CLOCK
from support.waiting import eventually

from moothall import engine
from moothall.engine import EngineEvent
from moothall.engines.embedded.reports import Reports


class TestReports:
    async def test_failed_report_is_tried_again_and_order_is_kept(self) -> None:
        told: list[str] = []
        failures = [RuntimeError("database is locked"), RuntimeError("again")]

        async def listen(events: Sequence[EngineEvent]) -> None:
            if failures and any(isinstance(event, engine.ParticipantJoined) for event in events):
                raise failures.pop()
            told.extend(type(event).__name__ for event in events)

        reports = Reports(listen)
        now = CLOCK.now()
        async with asyncio.TaskGroup() as tasks:
            reports.start(tasks)
            reports.add(engine.RoomStarted("standup", now))
            reports.add(engine.ParticipantJoined("standup", "alice", "PA_1", "Alice", at=now))
            reports.add(engine.RoomFinished("standup", now))
            assert await reports.drain(10)

        assert told == ["RoomStarted", "ParticipantJoined", "RoomFinished"]

    async def test_what_happens_while_the_listener_is_busy_is_told_together(self) -> None:
        told: list[int] = []
        busy = asyncio.Event()

        async def listen(events: Sequence[EngineEvent]) -> None:
            told.append(len(events))
            await busy.wait()

        reports = Reports(listen)
        async with asyncio.TaskGroup() as tasks:
            reports.start(tasks)
            reports.add(engine.RoomStarted("standup", CLOCK.now()))
            await eventually(lambda: told == [1])
            for _ in range(60):
                reports.add(engine.RoomFinished("standup", CLOCK.now()))
            busy.set()
            assert await reports.drain(10)

        assert told == [1, 50, 10]

    async def test_listener_that_never_succeeds_delays_the_end_only_so_long(self) -> None:
        async def fail(_events: Sequence[EngineEvent]) -> None:
            raise RuntimeError("no database")

        reports = Reports(fail)
        async with asyncio.TaskGroup() as tasks:
            reports.start(tasks)
            reports.add(engine.RoomStarted("standup", CLOCK.now()))
            assert not await reports.drain(timedelta(milliseconds=300).total_seconds())

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import pytest
from support.clock import FakeClock

from moothall.db import Database
from moothall.jobs import store
from moothall.jobs.model import Job
from moothall.jobs.runner import JobRunner


async def _schedule(database: Database, key: str, at: datetime) -> None:
    await database.write(partial(store.schedule, kind="bell", key=key, run_at=at))


@asynccontextmanager
async def _running(runner: JobRunner) -> AsyncIterator[None]:
    """As the server runs it, until the block ends."""
    with pytest.raises(ExceptionGroup) as ended:  # noqa: PT012 - the group is how the end of the block stops the runner
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(runner.run())
            yield
            raise ZeroDivisionError
    assert ended.group_contains(ZeroDivisionError)
    assert len(ended.value.exceptions) == 1


class Bells:
    def __init__(self, ring: Callable[[Job], Awaitable[None]] | None = None) -> None:
        self.rung: asyncio.Queue[str] = asyncio.Queue()
        self._ring = ring

    async def __call__(self, job: Job) -> None:
        self.rung.put_nowait(job.key)
        if self._ring is not None:
            await self._ring(job)


async def _fail(_job: Job) -> None:
    raise RuntimeError("the rope is torn")


async def test_a_due_job_runs_once(any_database: Database, clock: FakeClock) -> None:
    bells = Bells()
    runner = JobRunner(any_database, clock, {"bell": bells})
    await _schedule(any_database, "noon", clock.now())

    assert await runner.run_due() == 1
    assert await runner.run_due() == 0

    assert bells.rung.qsize() == 1


async def test_a_job_survives_a_restart(any_database: Database, clock: FakeClock) -> None:
    await _schedule(any_database, "noon", clock.now() + timedelta(minutes=10))
    bells = Bells()
    clock.advance(minutes=10)

    await JobRunner(any_database, clock, {"bell": bells}).run_due()

    assert bells.rung.get_nowait() == "noon"


async def test_a_failed_job_runs_again_after_a_pause(database: Database, clock: FakeClock) -> None:
    bells = Bells(_fail)
    runner = JobRunner(database, clock, {"bell": bells})
    await _schedule(database, "noon", clock.now())

    await runner.run_due()
    assert await runner.run_due() == 0
    clock.advance(seconds=1)
    assert await runner.run_due() == 1

    assert bells.rung.qsize() == 2


async def test_a_job_that_hangs_does_not_hold_up_another(database: Database, clock: FakeClock) -> None:
    never = asyncio.Event()

    async def hang_at_noon(job: Job) -> None:
        if job.key == "noon":
            await never.wait()

    bells = Bells(hang_at_noon)
    runner = JobRunner(database, clock, {"bell": bells})
    await _schedule(database, "noon", clock.now())

    async with _running(runner):
        assert await bells.rung.get() == "noon"
        await _schedule(database, "evening", clock.now())
        runner.wake()
        assert await bells.rung.get() == "evening"


async def test_waking_finds_what_was_scheduled_earlier_than_the_next(database: Database, clock: FakeClock) -> None:
    bells = Bells()
    runner = JobRunner(database, clock, {"bell": bells})
    await _schedule(database, "tomorrow", clock.now() + timedelta(days=1))

    async with _running(runner):
        await _schedule(database, "now", clock.now())
        runner.wake()
        assert await bells.rung.get() == "now"

    assert bells.rung.empty()


async def test_a_killed_runner_leaves_its_job_to_the_next_one(database: Database, clock: FakeClock) -> None:
    never = asyncio.Event()

    async def hang(_job: Job) -> None:
        await never.wait()

    interrupted = Bells(hang)
    runner = JobRunner(database, clock, {"bell": interrupted})
    await _schedule(database, "noon", clock.now())
    async with _running(runner):
        await interrupted.rung.get()

    bells = Bells()
    async with _running(JobRunner(database, clock, {"bell": bells})):
        assert await bells.rung.get() == "noon"


async def test_a_handler_may_schedule_its_own_job_anew(any_database: Database, clock: FakeClock) -> None:
    async def again_in_an_hour(job: Job) -> None:
        await _schedule(any_database, job.key, clock.now() + timedelta(hours=1))

    bells = Bells(again_in_an_hour)
    runner = JobRunner(any_database, clock, {"bell": bells})
    await _schedule(any_database, "hour", clock.now())

    for _ in range(3):
        assert await runner.run_due() == 1
        clock.advance(hours=1)

    assert bells.rung.qsize() == 3


async def test_no_more_than_eight_jobs_run_at_once(database: Database, clock: FakeClock) -> None:
    gate = asyncio.Event()
    running = most = 0

    async def wait_at_gate(_job: Job) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1

    bells = Bells(wait_at_gate)
    for number in range(20):
        await _schedule(database, f"bell {number}", clock.now())

    runner = JobRunner(database, clock, {"bell": bells})
    async with _running(runner):
        for _ in range(8):
            await bells.rung.get()
        for _ in range(3):
            # Transactions are written one after the other: whatever the runner might claim now, it
            # claims before the last of these.
            runner.wake()
            await database.write(partial(store.cancel, kind="bell", key="no such bell"))
        assert bells.rung.empty()
        gate.set()
        for _ in range(12):
            await bells.rung.get()

    assert most == 8

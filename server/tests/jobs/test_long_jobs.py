"""Long jobs: leases that are renewed, workers of their own, cancelling and progress."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from support.clock import FakeClock
from support.waiting import eventually

from moothall.db import Database
from moothall.jobs import store
from moothall.jobs.long import LEASE, LongJobRunner, Work
from moothall.jobs.model import Job
from moothall.jobs.runner import JobLost, JobRunner

SECOND = timedelta(seconds=1)


class Composer:
    """A long job that goes on until it is told to end."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.at_work = 0
        self.most_at_work = 0
        self.is_waiting = False
        self.end = asyncio.Event()

    async def __call__(self, job: Job, work: Work) -> None:
        self.begun.append(job.key)
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            await work.report(0.25)
            self.is_waiting = True
            await self.end.wait()
            self.ended.append(job.key)
        except asyncio.CancelledError:
            self.cancelled.append(job.key)
            raise
        finally:
            self.at_work -= 1


async def _schedule(database: Database, clock: FakeClock, key: str, kind: str = "compose") -> None:
    await database.write(partial(store.schedule, kind=kind, key=key, run_at=clock.now()))


async def _find(database: Database, key: str) -> Job | None:
    return await database.read(partial(store.find, kind="compose", key=key))


async def test_a_lease_is_renewed_for_as_long_as_the_work_takes(any_database: Database, clock: FakeClock) -> None:
    composer, other = Composer(), Composer()
    runner = LongJobRunner(any_database, clock, {"compose": composer})
    second_process = LongJobRunner(any_database, clock, {"compose": other})
    await _schedule(any_database, clock, "film")

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(runner.run_due())
        await eventually(lambda: composer.begun)
        for _ in range(60):
            clock.advance(seconds=30)
            await runner.beat()
            assert await second_process.run_due() == 0
        composer.end.set()
        assert await running == 1

    assert composer.ended == ["film"]
    assert other.begun == []
    assert await _find(any_database, "film") is None


async def test_after_a_crash_the_lease_ends_and_the_work_is_done_again(
    any_database: Database, clock: FakeClock
) -> None:
    crashed, composer = Composer(), Composer()
    await _schedule(any_database, clock, "film")
    dead = asyncio.get_running_loop().create_task(LongJobRunner(any_database, clock, {"compose": crashed}).run_due())
    await eventually(lambda: crashed.begun)
    dead.cancel()
    await asyncio.wait([dead])

    runner = LongJobRunner(any_database, clock, {"compose": composer})
    composer.end.set()
    clock.advance(seconds=LEASE.total_seconds() - 1)
    assert await runner.run_due() == 0
    clock.advance(seconds=1)
    assert await runner.run_due() == 1

    assert composer.ended == ["film"]
    assert await _find(any_database, "film") is None


async def test_progress_can_be_read_while_the_job_runs(any_database: Database, clock: FakeClock) -> None:
    composer = Composer()
    runner = LongJobRunner(any_database, clock, {"compose": composer})
    await _schedule(any_database, clock, "film")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(runner.run_due())

        async def is_reported() -> bool:
            job = await _find(any_database, "film")
            return job is not None and job.progress == 0.25

        await eventually(is_reported)
        composer.end.set()


async def test_a_cancelled_job_stops_and_stays_away(any_database: Database, clock: FakeClock) -> None:
    composer = Composer()
    runner = LongJobRunner(any_database, clock, {"compose": composer})
    await _schedule(any_database, clock, "film")

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(runner.run())
        await eventually(lambda: composer.is_waiting)
        assert await any_database.write(partial(store.cancel, kind="compose", key="film"))
        runner.wake()
        await eventually(lambda: composer.cancelled)
        await _schedule(any_database, clock, "another")
        runner.wake()
        await eventually(lambda: composer.begun == ["film", "another"])
        running.cancel()

    assert composer.cancelled == ["film", "another"]
    assert await _find(any_database, "film") is None


async def test_a_job_that_is_scheduled_anew_begins_again(any_database: Database, clock: FakeClock) -> None:
    composer = Composer()
    runner = LongJobRunner(any_database, clock, {"compose": composer})
    await _schedule(any_database, clock, "film")

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(runner.run())
        # Work that is reporting learns it from the report instead.
        await eventually(lambda: composer.is_waiting)
        await _schedule(any_database, clock, "film")
        runner.wake()
        await eventually(lambda: composer.begun == ["film", "film"])
        running.cancel()

    assert composer.cancelled == ["film", "film"]


async def test_work_that_reports_learns_that_its_job_is_lost(any_database: Database, clock: FakeClock) -> None:
    lost: list[Exception] = []

    async def compose(job: Job, work: Work) -> None:
        await any_database.write(partial(store.cancel, kind=job.kind, key=job.key))
        try:
            await work.report(0.5)
        except JobLost as error:
            lost.append(error)
            raise

    await _schedule(any_database, clock, "film")
    assert await LongJobRunner(any_database, clock, {"compose": compose}).run_due() == 1

    assert len(lost) == 1
    with pytest.raises(ValueError, match="from 0 to 1"):
        await Work(any_database, Job(1, "a", "b", clock.now(), 1, 1)).report(2)


async def test_work_that_swallows_a_cancellation_is_cancelled_again(any_database: Database, clock: FakeClock) -> None:
    """As a library may do, and then its caller goes on."""
    swallowed: list[str] = []
    ended: list[str] = []
    is_waiting = asyncio.Event()

    async def compose(job: Job, _work: Work) -> None:
        is_waiting.set()
        while len(swallowed) < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append(job.key)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(job.key)

    runner = LongJobRunner(any_database, clock, {"compose": compose})
    await _schedule(any_database, clock, "film")

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(runner.run_due())
        await is_waiting.wait()
        await any_database.write(partial(store.cancel, kind="compose", key="film"))
        for cancellations in (1, 1, 2, 2):
            await runner.beat()
            await asyncio.sleep(0)
            assert len(swallowed) == cancellations
            # Time to clean up.
            clock.advance(seconds=5)
        await runner.beat()
        assert await running == 1

    assert ended == ["film"]


async def test_long_work_is_bounded_and_never_delays_timers(database: Database, clock: FakeClock) -> None:
    composer = Composer()
    rung: list[str] = []

    async def ring(job: Job) -> None:
        rung.append(job.key)

    long_jobs = LongJobRunner(database, clock, {"compose": composer}, workers=2)
    timers = JobRunner(database, clock, {"bell": ring})
    for number in range(20):
        await _schedule(database, clock, f"film {number}")
    await _schedule(database, clock, "noon", kind="bell")

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(long_jobs.run())
        await eventually(lambda: len(composer.begun) == 2)
        assert await timers.run_due() == 1
        composer.end.set()
        await eventually(lambda: len(composer.ended) == 20)
        running.cancel()

    assert rung == ["noon"]
    assert composer.most_at_work == 2


async def test_failed_work_is_tried_again_after_a_pause(database: Database, clock: FakeClock) -> None:
    tries: list[int] = []

    async def compose(job: Job, _work: Work) -> None:
        tries.append(job.attempts)
        if len(tries) == 1:
            raise RuntimeError("the disk is full")

    runner = LongJobRunner(database, clock, {"compose": compose})
    await _schedule(database, clock, "film")

    await runner.run_due()
    assert await runner.run_due() == 0
    clock.advance(seconds=1)
    assert await runner.run_due() == 1

    assert tries == [1, 2]


async def test_work_stops_when_its_lease_could_not_be_renewed_in_time(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    composer = Composer()
    runner = LongJobRunner(database, clock, {"compose": composer})
    await _schedule(database, clock, "film")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(runner.run_due())
        await eventually(lambda: composer.begun)

        def away(*_arguments: object, **_named: object) -> set[int]:
            raise OSError("the database is away")

        monkeypatch.setattr(store, "renew", away)
        clock.advance(seconds=LEASE.total_seconds() - 1)
        with pytest.raises(OSError, match="is away"):
            await runner.beat()
        assert composer.cancelled == []
        clock.advance(seconds=1)
        with pytest.raises(OSError, match="is away"):
            await runner.beat()

    assert composer.cancelled == ["film"]

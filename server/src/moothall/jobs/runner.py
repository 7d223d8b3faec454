"""Runs due jobs, until cancelled.

A job runs at least once: it is deleted when its handler returns, tried again when the handler
raises, and handed out again when its lease ends without either (the process died). Handlers are
therefore idempotent.

There are two kinds of runner, each with its own workers, so that work of minutes never delays
timers: ``JobRunner`` for timers, which take at most 20 s, and ``LongJobRunner`` (``long.py``).
"""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

import structlog

from moothall.db import Database
from moothall.jobs import store
from moothall.jobs.model import Job, retry_delay
from moothall.kit.clock import Clock

JobHandler = Callable[[Job], Awaitable[None]]

_CONCURRENT_TIMERS = 8
_TIMER_TIMEOUT_S = 20.0
# Longer than the handler's timeout and the transaction after it, so that a job never runs twice at
# once.
_TIMER_LEASE = timedelta(seconds=30)
# Another process may schedule something earlier without being able to wake this one.
_LONGEST_SLEEP = timedelta(seconds=5)
_PAUSE_AFTER_DATABASE_ERROR_S = 1.0

log = structlog.get_logger("moothall.jobs")


class JobLost(Exception):
    """The job was cancelled, scheduled anew or taken over while it ran."""


class Runner(ABC):
    """Claims due jobs of some kinds and runs them, at most ``concurrent`` at a time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        kinds: Sequence[str],
        *,
        concurrent: int,
        lease: timedelta,
        chance: random.Random | None = None,
    ) -> None:
        """Jobs of other kinds stay where they are."""
        self._database = database
        self._clock = clock
        self._kinds = list(kinds)
        self._concurrent = concurrent
        self._lease = lease
        # Spreads retries; nothing secret depends on it.
        self._chance = chance or random.Random()  # noqa: S311
        self._wake = asyncio.Event()
        self._running = 0

    @abstractmethod
    async def _perform(self, job: Job) -> None:
        """Run the handler. Raises JobLost when the job is not this runner's any more."""

    @abstractmethod
    async def beat(self) -> None:
        """Look after the jobs that run now; done each time before new ones are claimed."""

    def wake(self) -> None:
        """Look at the table now: a job may be due earlier, or cancelled.

        Call it from the loop after the transaction.
        """
        self._wake.set()

    async def run(self) -> None:
        """Run jobs as they become due.

        Never returns unless cancelled; running handlers are cancelled with it.
        """
        if self._database.dialect == "sqlite":
            await self._database.write(lambda connection: store.release_leases(connection, kinds=self._kinds))
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                try:
                    await self.beat()
                    await self._start_due(tasks)
                    pause = await self._seconds_until_due()
                except Exception:
                    # The database is away: the jobs are safe in it, and it may come back.
                    log.exception("jobs_not_readable")
                    pause = _PAUSE_AFTER_DATABASE_ERROR_S
                await _wait(self._wake, pause)

    async def run_due(self) -> int:
        """Run what is due now, wait for it to end, and say how many jobs ran."""
        async with asyncio.TaskGroup() as tasks:
            return await self._start_due(tasks)

    async def _start_due(self, tasks: asyncio.TaskGroup) -> int:
        free = self._concurrent - self._running
        if free == 0:
            return 0
        now = self._clock.now()
        jobs = await self._database.write(
            lambda connection: store.claim(connection, kinds=self._kinds, now=now, lease=self._lease, limit=free)
        )
        self._running += len(jobs)
        for job in jobs:
            tasks.create_task(self._run_one(job), name=f"job {job.kind} {job.key}")
        return len(jobs)

    async def _run_one(self, job: Job) -> None:
        try:
            try:
                await self._perform(job)
            except JobLost:
                log.info("job_cancelled", kind=job.kind, key=job.key)
            except Exception as error:
                log.exception("job_failed", kind=job.kind, key=job.key, attempts=job.attempts)
                await self._give_back(job, error)
            else:
                await self._database.write(lambda connection: store.complete(connection, job))
        except Exception:
            # The row could not be changed: its lease ends and the job runs again.
            log.exception("job_not_recorded", kind=job.kind, key=job.key)
        finally:
            self._running -= 1
            self.wake()

    async def _give_back(self, job: Job, error: Exception) -> None:
        run_at = self._clock.now() + retry_delay(job.attempts, self._chance)
        text = f"{type(error).__name__}: {error}"
        await self._database.write(lambda connection: store.retry(connection, job, run_at=run_at, error=text))

    async def _seconds_until_due(self) -> float:
        longest = _LONGEST_SLEEP.total_seconds()
        if self._running == self._concurrent:
            return longest
        due = await self._database.read(lambda connection: store.next_due(connection, kinds=self._kinds))
        if due is None:
            return longest
        return max(0.0, min((due - self._clock.now()).total_seconds(), longest))


class JobRunner(Runner):
    """Runs timers: what takes moments, eight at a time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, JobHandler],
        *,
        chance: random.Random | None = None,
    ) -> None:
        """``handlers`` maps a kind to the function that runs its jobs."""
        self._handlers = dict(handlers)
        super().__init__(
            database, clock, list(handlers), concurrent=_CONCURRENT_TIMERS, lease=_TIMER_LEASE, chance=chance
        )

    async def beat(self) -> None:
        """Do nothing: a timer ends before its lease does."""

    async def _perform(self, job: Job) -> None:
        async with asyncio.timeout(_TIMER_TIMEOUT_S):
            await self._handlers[job.kind](job)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return

"""Runs due jobs, until cancelled.

A job runs at least once: it is deleted when its handler returns, tried again when the handler raises, and handed out again when its lease
ends without either (the process died). Handlers are therefore idempotent.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import structlog

from moothall.db import Database
from moothall.jobs import store
from moothall.jobs.model import Job, retry_delay
from moothall.kit.clock import Clock

JobHandler = Callable[[Job], Awaitable[None]]

_CONCURRENT = 8
_HANDLER_TIMEOUT_S = 20.0
# Longer than the handler's timeout and the transaction after it, so a job is never run twice at once.
_LEASE = timedelta(seconds=30)
# Another process may schedule something earlier without being able to wake this one.
_LONGEST_SLEEP = timedelta(seconds=5)
_PAUSE_AFTER_DATABASE_ERROR_S = 1.0

_log = structlog.get_logger("moothall.jobs")


class JobRunner:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, JobHandler],
        *,
        chance: random.Random | None = None,
    ) -> None:
        """``handlers`` maps a kind to what runs its jobs; jobs of other kinds stay where they are."""
        self._database = database
        self._clock = clock
        self._handlers = dict(handlers)
        # Spreads retries; nothing secret depends on it.
        self._chance = chance or random.Random()  # noqa: S311
        self._wake = asyncio.Event()
        self._running = 0

    def wake(self) -> None:
        """Something may be due earlier than the runner thinks. Call it from the event loop after the transaction."""
        self._wake.set()

    async def run(self) -> None:
        """Run jobs as they become due. Never returns unless cancelled; running handlers are cancelled with it."""
        if self._database.dialect == "sqlite":
            await self._database.write(store.release_leases)
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                try:
                    await self._start_due(tasks)
                    pause = await self._seconds_until_due()
                except Exception:  # noqa: BLE001 - a supervisor: logs, and tries again
                    # The database is away: the jobs are safe in it, and it may come back.
                    _log.exception("jobs_not_readable")
                    pause = _PAUSE_AFTER_DATABASE_ERROR_S
                await _wait(self._wake, pause)

    async def run_due(self) -> int:
        """Run what is due now, wait for it to end, and say how many jobs ran."""
        async with asyncio.TaskGroup() as tasks:
            return await self._start_due(tasks)

    async def _start_due(self, tasks: asyncio.TaskGroup) -> int:
        free = _CONCURRENT - self._running
        if free == 0:
            return 0
        now = self._clock.now()
        kinds = list(self._handlers)
        jobs = await self._database.write(
            lambda connection: store.claim(connection, kinds=kinds, now=now, lease=_LEASE, limit=free)
        )
        self._running += len(jobs)
        for job in jobs:
            tasks.create_task(self._run_one(job), name=f"job {job.kind} {job.key}")
        return len(jobs)

    async def _run_one(self, job: Job) -> None:
        try:
            try:
                async with asyncio.timeout(_HANDLER_TIMEOUT_S):
                    await self._handlers[job.kind](job)
            except Exception as error:  # noqa: BLE001 - a supervisor: logs, and tries again
                _log.exception("job_failed", kind=job.kind, key=job.key, attempts=job.attempts)
                await self._give_back(job, error)
            else:
                await self._database.write(lambda connection: store.complete(connection, job))
        except Exception:  # noqa: BLE001 - a supervisor: logs, and tries again
            # The row could not be changed: its lease ends and the job runs again.
            _log.exception("job_not_recorded", kind=job.kind, key=job.key)
        finally:
            self._running -= 1
            self.wake()

    async def _give_back(self, job: Job, error: Exception) -> None:
        run_at = self._clock.now() + retry_delay(job.attempts, self._chance)
        text = f"{type(error).__name__}: {error}"
        await self._database.write(lambda connection: store.retry(connection, job, run_at=run_at, error=text))

    async def _seconds_until_due(self) -> float:
        if self._running == _CONCURRENT:
            return _LONGEST_SLEEP.total_seconds()
        kinds = list(self._handlers)
        due = await self._database.read(lambda connection: store.next_due(connection, kinds=kinds))
        if due is None:
            return _LONGEST_SLEEP.total_seconds()
        return max(0.0, min(due - self._clock.now(), _LONGEST_SLEEP).total_seconds())


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return

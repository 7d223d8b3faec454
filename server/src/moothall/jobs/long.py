"""Work of minutes or hours: composing a recording, deleting what is old.

A long job has no time limit but a lease of a minute that its runner renews. When the process dies
the lease ends and the job runs again, here or elsewhere. When the job is cancelled or scheduled
anew, or its lease could not be renewed in time, its handler is cancelled: two workers never do the
same work for longer than a heartbeat.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from moothall.db import Database
from moothall.jobs import store
from moothall.jobs.model import Job
from moothall.jobs.runner import JobLost, Runner
from moothall.kit.clock import Clock

# Few, because such work fills a processor, and meetings come first.
WORKERS = 2
LEASE = timedelta(minutes=1)
# A runner renews its leases whenever it looks at the table, which is at least every 5 s.
# Time for a cancelled handler to clean up. Work that is still going on then is cancelled again:
# one of its libraries may have swallowed the cancellation.
_CLEANING_UP = timedelta(seconds=10)


class Work:
    """The runner as a running long job sees it."""

    def __init__(self, database: Database, job: Job) -> None:
        self._database = database
        self._job = job

    async def report(self, progress: float) -> None:
        """Note how far the job is, from 0 to 1.

        Raises JobLost when the work need not go on, ValueError outside the range.
        """
        if not 0 <= progress <= 1:
            raise ValueError("progress is a number from 0 to 1")
        if not await self._database.write(partial(store.report, claimed=self._job, progress=progress)):
            raise JobLost


LongJobHandler = Callable[[Job, Work], Awaitable[None]]


@dataclass(slots=True)
class _UnderWay:
    job: Job
    task: "asyncio.Task[Any]"
    lease_until: datetime
    cancellations: int = 0
    cancelled_at: datetime | None = None


class LongJobRunner(Runner):
    """Runs long jobs, two at a time, and renews their leases."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, LongJobHandler],
        *,
        workers: int = WORKERS,
        chance: random.Random | None = None,
    ) -> None:
        """``handlers`` maps a kind to the function that runs its jobs."""
        super().__init__(database, clock, list(handlers), concurrent=workers, lease=LEASE, chance=chance)
        self._handlers = dict(handlers)
        self._under_way: dict[int, _UnderWay] = {}

    async def beat(self) -> None:
        """Renew the leases that need it, and cancel the handlers of jobs that are lost."""
        now = self._clock.now()
        entries = list(self._under_way.values())
        if not entries:
            return
        renewed_until = now + LEASE
        jobs = [entry.job for entry in entries]
        try:
            kept = await self._database.write(partial(store.renew, claimed=jobs, lease_until=renewed_until))
        except Exception:
            # Not renewed for so long that another worker may have the job by now.
            for entry in entries:
                if entry.lease_until <= now:
                    _cancel(entry, now)
            raise
        for entry in entries:
            if entry.job.id in kept:
                entry.lease_until = renewed_until
            else:
                _cancel(entry, now)

    async def _perform(self, job: Job) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        entry = self._under_way[job.id] = _UnderWay(job, task, self._clock.now() + LEASE)
        try:
            await self._handlers[job.kind](job, Work(self._database, job))
        except asyncio.CancelledError:
            # The runner itself may be cancelled, too.
            if task.cancelling() > entry.cancellations:
                raise
        finally:
            for _ in range(entry.cancellations):
                task.uncancel()
            if self._under_way.get(job.id) is entry:
                del self._under_way[job.id]
        if entry.cancellations:
            raise JobLost


def _cancel(entry: _UnderWay, now: datetime) -> None:
    if entry.cancelled_at is None or now - entry.cancelled_at >= _CLEANING_UP:
        entry.cancellations += 1
        entry.cancelled_at = now
        entry.task.cancel()

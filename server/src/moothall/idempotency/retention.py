"""Every hour, forgets the keys whose time is over."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from moothall.db import Database
from moothall.idempotency import store
from moothall.idempotency.model import RETENTION
from moothall.jobs import store as jobs
from moothall.jobs.model import Job
from moothall.jobs.runner import JobHandler
from moothall.kit.clock import Clock

RETENTION_JOB = "idempotency_retention"

_KEY = "all"
_EVERY = timedelta(hours=1)
# Few enough that requests do not wait for one transaction, and no run outlives its lease.
_AT_ONCE = 500
_MOST_ROUNDS = 20


class IdempotencyRetention:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def job_handlers(self) -> Mapping[str, JobHandler]:
        return {RETENTION_JOB: self.clean}

    async def start(self) -> None:
        """Run once now, and then every hour."""
        now = self._clock.now()
        await self._database.write(partial(jobs.schedule, kind=RETENTION_JOB, key=_KEY, run_at=now))

    async def clean(self, _job: Job) -> None:
        """Job ``idempotency_retention``. Comes back at once while there is more to forget."""
        now = self._clock.now()
        again = now
        for _ in range(_MOST_ROUNDS):
            forgotten = partial(store.delete_before, moment=now - RETENTION, limit=_AT_ONCE)
            if await self._database.write_long(forgotten) < _AT_ONCE:
                again = now + _EVERY
                break
        await self._database.write(partial(jobs.schedule, kind=RETENTION_JOB, key=_KEY, run_at=again))

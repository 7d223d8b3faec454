"""Once a day, deletes events and the log of their delivery that are older than the setting says."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

import structlog

from moothall.callbacks import store
from moothall.db import Database
from moothall.jobs import store as jobs
from moothall.jobs.model import Job
from moothall.jobs.runner import JobHandler
from moothall.kit.clock import Clock

RETENTION_JOB = "callback_retention"

_KEY = "all"
_EVERY = timedelta(days=1)
# Few enough that callbacks and requests do not wait for one transaction, and no run outlives its lease.
_AT_ONCE = 500
_MOST_ROUNDS = 20

_log = structlog.get_logger("moothall.callbacks")


class Retention:
    def __init__(self, database: Database, clock: Clock, *, days: int) -> None:
        self._database = database
        self._clock = clock
        self._kept = timedelta(days=days)

    def job_handlers(self) -> Mapping[str, JobHandler]:
        return {RETENTION_JOB: self.clean}

    async def start(self) -> None:
        """Run once now, and then every day."""
        now = self._clock.now()
        await self._database.write(partial(jobs.schedule, kind=RETENTION_JOB, key=_KEY, run_at=now))

    async def clean(self, _job: Job) -> None:
        """Job ``callback_retention``. Comes back at once while there is more to delete."""
        now = self._clock.now()
        before = now - self._kept
        deleted = 0
        again = now
        for _ in range(_MOST_ROUNDS):
            count = await self._database.write_long(partial(store.delete_events_before, moment=before, limit=_AT_ONCE))
            deleted += count
            if count < _AT_ONCE:
                again = now + _EVERY
                break
        await self._database.write(partial(jobs.schedule, kind=RETENTION_JOB, key=_KEY, run_at=again))
        if deleted:
            _log.info("events_deleted", count=deleted)

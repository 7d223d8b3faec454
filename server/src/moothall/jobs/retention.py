"""Forgets what has been kept long enough: a job that deletes a little at a time and comes again."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog

from moothall.db import Connection, Database
from moothall.jobs import store
from moothall.jobs.model import Job
from moothall.jobs.runner import JobHandler
from moothall.kit.clock import Clock

# Deletes at most so many that are older than the moment, and says how many it has.
Delete = Callable[[Connection, datetime, int], int]

_KEY = "all"
# Few enough that requests do not wait for one transaction, and no run outlives its lease.
_AT_ONCE = 500
_MOST_ROUNDS = 20

_log = structlog.get_logger("moothall.jobs")


class Retention:
    def __init__(
        self, database: Database, clock: Clock, *, kind: str, kept: timedelta, every: timedelta, delete: Delete
    ) -> None:
        """``kind``: of its job. What is older than ``kept`` is deleted at the start and ``every`` so often."""
        self._database = database
        self._clock = clock
        self._kind = kind
        self._kept = kept
        self._every = every
        self._delete = delete

    def job_handlers(self) -> Mapping[str, JobHandler]:
        return {self._kind: self.clean}

    async def start(self) -> None:
        """Run once now, and then every so often."""
        await self._run_at(self._clock.now())

    async def clean(self, _job: Job) -> None:
        """The job. Comes back at once while there is more to delete."""
        now = self._clock.now()
        deleted = 0
        again = now
        for _ in range(_MOST_ROUNDS):
            count = await self._database.write_long(
                lambda connection: self._delete(connection, now - self._kept, _AT_ONCE)
            )
            deleted += count
            if count < _AT_ONCE:
                again = now + self._every
                break
        await self._run_at(again)
        if deleted:
            _log.info("old_rows_deleted", kind=self._kind, count=deleted)

    async def _run_at(self, moment: datetime) -> None:
        await self._database.write(partial(store.schedule, kind=self._kind, key=_KEY, run_at=moment))

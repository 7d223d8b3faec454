"""Deletes expired data.

A long job deletes a little at a time and is scheduled again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from moothall.db import Connection, Database
from moothall.jobs import store
from moothall.jobs.long import LongJobHandler, Work
from moothall.jobs.model import Job
from moothall.kit.clock import Clock

# Deletes up to a number of rows that are older than the moment; returns how many it has deleted.
Delete = Callable[[Connection, datetime, int], int]

_KEY = "all"
# Few enough that requests do not wait for one transaction.
_AT_ONCE = 500

_log = structlog.get_logger("moothall.jobs")


@dataclass(frozen=True, slots=True)
class Rule:
    """A job of this kind deletes rows older than ``kept``, at start and then ``every`` interval."""

    kind: str
    kept: timedelta
    every: timedelta
    delete: Delete


class Retention:
    def __init__(self, database: Database, clock: Clock, rules: Sequence[Rule]) -> None:
        self._database = database
        self._clock = clock
        self._rules = {rule.kind: rule for rule in rules}

    def long_job_handlers(self) -> Mapping[str, LongJobHandler]:
        return dict.fromkeys(self._rules, self.clean)

    async def start(self) -> None:
        """Run every rule now; each then comes again by itself."""
        for rule in self._rules.values():
            await self._run_at(rule, self._clock.now())

    async def clean(self, job: Job, _work: Work) -> None:
        """Delete until nothing old is left; what is deleted before a crash stays deleted."""
        rule = self._rules[job.kind]
        now = self._clock.now()
        deleted = 0
        count = _AT_ONCE
        while count == _AT_ONCE:
            count = await self._database.write_long(
                lambda connection: rule.delete(connection, now - rule.kept, _AT_ONCE)
            )
            deleted += count
        if deleted:
            _log.info("old_rows_deleted", kind=rule.kind, count=deleted)
        await self._run_at(rule, now + rule.every)

    async def _run_at(self, rule: Rule, moment: datetime) -> None:
        await self._database.write(partial(store.schedule, kind=rule.kind, key=_KEY, run_at=moment))

"""Once a day, deletes events and the log of their delivery that are older than the setting says."""

from datetime import timedelta

from moothall.callbacks import store
from moothall.db import Database
from moothall.jobs.retention import Retention
from moothall.kit.clock import Clock

RETENTION_JOB = "callback_retention"

_EVERY = timedelta(days=1)


def callback_retention(database: Database, clock: Clock, *, days: int) -> Retention:
    """``days``: how long they are kept."""
    return Retention(
        database,
        clock,
        kind=RETENTION_JOB,
        kept=timedelta(days=days),
        every=_EVERY,
        delete=store.delete_events_before,
    )

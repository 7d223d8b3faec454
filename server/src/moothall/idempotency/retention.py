"""Every hour, forgets the keys whose time is over."""

from datetime import timedelta

from moothall.db import Database
from moothall.idempotency import store
from moothall.idempotency.model import RETENTION
from moothall.jobs.retention import Retention
from moothall.kit.clock import Clock

RETENTION_JOB = "idempotency_retention"

_EVERY = timedelta(hours=1)


def idempotency_retention(database: Database, clock: Clock) -> Retention:
    return Retention(database, clock, kind=RETENTION_JOB, kept=RETENTION, every=_EVERY, delete=store.delete_before)

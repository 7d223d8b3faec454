"""Retention of events and of the log of their delivery."""

from datetime import timedelta

from moothall.callbacks import store
from moothall.jobs.retention import Rule

RETENTION_JOB = "callback_retention"


def callback_retention(*, days: int) -> Rule:
    """Return the rule that deletes events older than ``days`` days, once a day."""
    return Rule(RETENTION_JOB, timedelta(days=days), timedelta(days=1), store.delete_events_before)

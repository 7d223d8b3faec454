"""Retention of answers to requests with an ``Idempotency-Key``."""

from datetime import timedelta

from moothall.idempotency import store
from moothall.idempotency.model import RETENTION
from moothall.jobs.retention import Rule

RETENTION_JOB = "idempotency_retention"

KEYS_RETENTION = Rule(RETENTION_JOB, RETENTION, timedelta(hours=1), store.delete_before)

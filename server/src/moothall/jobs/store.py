"""The table of jobs.

One row per (kind, key). ``version`` changes whenever the job is scheduled or claimed, so a worker
that finishes late cannot delete what has been scheduled anew in the meantime.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    case,
    delete,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from moothall.db import Prepared, Timestamp, metadata
from moothall.jobs.model import Job

_ERROR_LIMIT = 500

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("key", String(128), nullable=False),
    Column("run_at", Timestamp, nullable=False),
    Column("lease_until", Timestamp),
    Column("attempts", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("payload", Text, nullable=False),
    Column("last_error", String(_ERROR_LIMIT)),
    Column("progress", Float),
    UniqueConstraint("kind", "key"),
    Index(None, "run_at"),
)


def _upsert(insert: Any) -> Any:
    statement = insert(jobs)
    return statement.on_conflict_do_update(
        index_elements=["kind", "key"],
        set_={
            "run_at": statement.excluded.run_at,
            "lease_until": None,
            "attempts": 0,
            "version": jobs.c.version + 1,
            "payload": statement.excluded.payload,
            "last_error": None,
            "progress": None,
        },
    )


# Made once: making a statement takes longer than running it.
_COLUMNS = [column.name for column in jobs.c if column.name != "id"]
_SCHEDULE = {
    "sqlite": Prepared(_upsert(sqlite.insert), _COLUMNS),
    "postgresql": Prepared(_upsert(postgresql.insert), _COLUMNS),
}
_CANCEL = Prepared(delete(jobs).where(jobs.c.kind == bindparam("job_kind"), jobs.c.key == bindparam("job_key")))


# A runner asks about the same kinds all its life.
@lru_cache(maxsize=8)
def _due(kinds: tuple[str, ...]) -> Prepared:
    now: BindParameter[datetime] = bindparam("now", type_=Timestamp)
    return Prepared(
        select(jobs)
        .where(_is_of(kinds), jobs.c.run_at <= now, or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now))
        .order_by(jobs.c.run_at, jobs.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )


@lru_cache(maxsize=8)
def _next(kinds: tuple[str, ...]) -> Prepared:
    free_at = case((jobs.c.lease_until > jobs.c.run_at, jobs.c.lease_until), else_=jobs.c.run_at)
    return Prepared(select(func.min(free_at, type_=Timestamp).label("earliest")).where(_is_of(kinds)))


def _is_of(kinds: tuple[str, ...]) -> ColumnElement[bool]:
    # As a list of its own, not one that is expanded when the statement runs.
    return or_(false(), *(jobs.c.kind == kind for kind in kinds))


def schedule(
    connection: Connection, *, kind: str, key: str, run_at: datetime, payload: dict[str, Any] | None = None
) -> None:
    """Run the job of this kind and key at ``run_at``.

    A job that is already scheduled, or running now, is replaced.
    """
    values = {
        "kind": kind,
        "key": key,
        "run_at": run_at,
        "lease_until": None,
        "attempts": 0,
        "version": 1,
        "payload": json.dumps(payload, separators=(",", ":")) if payload else "{}",
        "last_error": None,
        "progress": None,
    }
    _SCHEDULE[connection.dialect.name].run(connection, values)


def cancel(connection: Connection, *, kind: str, key: str) -> bool:
    """Delete the job. False when there is none.

    A timer that is running now runs to its end; a long job is cancelled at its next heartbeat, or
    when its runner is woken.
    """
    return _CANCEL.run(connection, {"job_kind": kind, "job_key": key}) == 1


def find(connection: Connection, *, kind: str, key: str) -> Job | None:
    row = connection.execute(select(jobs).where(jobs.c.kind == kind, jobs.c.key == key)).one_or_none()
    return None if row is None else _job(row)


def claim(connection: Connection, *, kinds: Sequence[str], now: datetime, lease: timedelta, limit: int) -> list[Job]:
    """Take up to ``limit`` due jobs, the most overdue first.

    They are the caller's until the lease ends.

    Workers in other processes skip what is being claimed (FOR UPDATE SKIP LOCKED on PostgreSQL;
    SQLite has one writer).
    """
    rows = _due(tuple(kinds)).rows(connection, {"now": now, "most": limit})
    if rows:
        connection.execute(
            update(jobs)
            .where(jobs.c.id.in_([row.id for row in rows]))
            .values(lease_until=now + lease, attempts=jobs.c.attempts + 1, version=jobs.c.version + 1, progress=None)
        )
    return [_job(row, claimed=True) for row in rows]


def next_due(connection: Connection, *, kinds: Sequence[str]) -> datetime | None:
    """When the earliest job of these kinds may be claimed; None when there is none."""
    earliest: datetime | None = _next(tuple(kinds)).row(connection, {}).earliest
    return earliest


def complete(connection: Connection, claimed: Job) -> bool:
    """The job is done.

    False when it has been scheduled anew, cancelled or taken over meanwhile; nothing changes then.
    """
    return connection.execute(delete(jobs).where(_still(claimed))).rowcount == 1


def retry(connection: Connection, claimed: Job, *, run_at: datetime, error: str) -> bool:
    """The run failed: give the job back for another one. False as in ``complete``."""
    statement = (
        update(jobs).where(_still(claimed)).values(run_at=run_at, lease_until=None, last_error=error[:_ERROR_LIMIT])
    )
    return connection.execute(statement).rowcount == 1


def renew(connection: Connection, claimed: Sequence[Job], *, lease_until: datetime) -> set[int]:
    """Prolong the leases of these jobs.

    Returns the ids of those that are still the caller's; the others are lost.
    """
    kept = set()
    for job in claimed:
        if connection.execute(update(jobs).where(_still(job)).values(lease_until=lease_until)).rowcount == 1:
            kept.add(job.id)
    return kept


def report(connection: Connection, claimed: Job, *, progress: float) -> bool:
    """Note how far the job is, from 0 to 1. False as in ``complete``."""
    return connection.execute(update(jobs).where(_still(claimed)).values(progress=progress)).rowcount == 1


def release_leases(connection: Connection, *, kinds: Sequence[str]) -> int:
    """Give back what a worker held when it was killed.

    Only for a database that this process has to itself.
    """
    held = jobs.c.lease_until.is_not(None) & _is_of(tuple(kinds))
    statement = update(jobs).where(held).values(lease_until=None, version=jobs.c.version + 1)
    return connection.execute(statement).rowcount


def _still(claimed: Job) -> Any:
    return (jobs.c.id == claimed.id) & (jobs.c.version == claimed.version)


def _job(row: Any, *, claimed: bool = False) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        key=row.key,
        run_at=row.run_at,
        attempts=row.attempts + claimed,
        version=row.version + claimed,
        payload=json.loads(row.payload),
        progress=None if claimed else row.progress,
    )

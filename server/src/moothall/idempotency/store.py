"""Stored answers in the database: sealed, under a digest of the client's key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    and_,
    bindparam,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from moothall.db import Timestamp, metadata

_DIGEST_LENGTH = 64

answers = Table(
    "idempotent_answers",
    metadata,
    # An application, or an account for requests about applications.
    Column("owner", String(36), primary_key=True),
    Column("key_digest", String(_DIGEST_LENGTH), primary_key=True),
    Column("fingerprint", String(_DIGEST_LENGTH), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    # Null while the request is in progress.
    Column("sealed", LargeBinary),
    Index(None, "created_at"),
)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The stored state of a request. ``sealed`` is None while it is in progress."""

    fingerprint: str
    sealed: bytes | None


def _claim(insert: Callable[[Table], Any]) -> Any:
    statement = insert(answers)
    return statement.on_conflict_do_update(
        index_elements=["owner", "key_digest"],
        set_={
            "fingerprint": statement.excluded.fingerprint,
            "created_at": statement.excluded.created_at,
            "sealed": None,
        },
        where=or_(
            answers.c.created_at <= bindparam("forgotten", type_=Timestamp),
            and_(answers.c.sealed.is_(None), answers.c.created_at <= bindparam("lost", type_=Timestamp)),
        ),
    ).returning(answers.c.owner)


# Built once, because building a statement takes longer than running it.
_CLAIM = {"sqlite": _claim(sqlite.insert), "postgresql": _claim(postgresql.insert)}
_THIS = and_(answers.c.owner == bindparam("its_owner"), answers.c.key_digest == bindparam("its_key"))
_FIND = select(answers.c.fingerprint, answers.c.sealed, answers.c.created_at).where(_THIS)
_KEEP = update(answers).where(_THIS)
_FORGET = delete(answers).where(_THIS)


def claim(
    connection: Connection,
    owner: str,
    key_digest: str,
    fingerprint: str,
    *,
    now: datetime,
    forgotten: datetime,
    lost: datetime,
) -> bool:
    """Claim the key for this request. Returns False when another request has it.

    A key older than ``forgotten`` is free again; so is one without an answer that is older than
    ``lost``. If another open transaction has claimed the key, this waits for its end.
    """
    values = {
        "owner": owner,
        "key_digest": key_digest,
        "fingerprint": fingerprint,
        "created_at": now,
        "sealed": None,
        "forgotten": forgotten,
        "lost": lost,
    }
    return connection.execute(_CLAIM[connection.dialect.name], values).one_or_none() is not None


def find(connection: Connection, owner: str, key_digest: str, *, forgotten: datetime) -> KeptAnswer | None:
    """Return the entry of the key, if it is newer than ``forgotten``."""
    row = connection.execute(_FIND, {"its_owner": owner, "its_key": key_digest}).one_or_none()
    return None if row is None or row.created_at <= forgotten else KeptAnswer(row.fingerprint, row.sealed)


def keep(connection: Connection, owner: str, key_digest: str, sealed: bytes) -> None:
    """Store the answer to the request that has claimed the key."""
    connection.execute(_KEEP, {"its_owner": owner, "its_key": key_digest, "sealed": sealed})


def forget(connection: Connection, owner: str, key_digest: str) -> None:
    """Release the key of a request that had no effect."""
    connection.execute(_FORGET, {"its_owner": owner, "its_key": key_digest})


def delete_before(connection: Connection, moment: datetime, limit: int) -> int:
    """Delete up to ``limit`` keys older than this. Returns their number."""
    old = select(answers.c.owner, answers.c.key_digest).where(answers.c.created_at <= moment).limit(limit)
    rows = connection.execute(old).all()
    for row in rows:
        forget(connection, row.owner, row.key_digest)
    return len(rows)


def delete_of(connection: Connection, owner: str) -> None:
    """Delete all keys of an application or account."""
    connection.execute(delete(answers).where(answers.c.owner == owner))

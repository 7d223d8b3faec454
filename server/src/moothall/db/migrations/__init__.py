"""Schema changes.

``upgrade`` brings a database to the newest revision; running it twice changes nothing.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

_VERSIONS = Path(__file__).parent / "versions"


def upgrade(connection: Connection) -> None:
    """Migrate to the newest revision inside the caller's transaction.

    Give it to ``Database.write_long``.
    """
    if current_revision(connection) == newest_revision():
        return
    # Imported here, because most starts have nothing to migrate.
    from moothall.db.migrations import running  # noqa: PLC0415

    running.upgrade(connection)


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the database; None before the first migration."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def newest_revision() -> str | None:
    """Return the newest revision of the files, which are numbered (``0001_initial.py``)."""
    return max((path.stem.partition("_")[0] for path in _VERSIONS.glob("[0-9]*.py")), default=None)

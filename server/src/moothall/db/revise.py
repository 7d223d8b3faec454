"""Writes a migration from the newest schema to the tables in the code (``make migration m=…``).

Until the first release there is one migration: ``--initial`` writes 0001 anew.
"""

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from alembic import command
from sqlalchemy import Connection, create_engine

import moothall
from moothall.db import migrations
from moothall.db.migrations import running
from moothall.db.schema import metadata
from moothall.db.sqlite_library import sqlite_library


def import_every_store() -> None:
    """Import all stores, because tables register with the metadata on import."""
    for module in walk_packages(moothall.__path__, "moothall."):
        if module.name.endswith((".store", ".outbox", ".tables")):
            import_module(module.name)


def main() -> None:
    initial = "--initial" in sys.argv
    message = "initial" if initial else sys.argv[1]
    import_every_store()
    versions = Path(migrations.__file__).parent / "versions"
    if initial:
        for old in versions.glob("*.py"):
            old.unlink()
    number = f"{len(list(versions.glob('*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/revise.db", module=sqlite_library())
        with engine.begin() as connection:
            if not initial:
                migrations.upgrade(connection)
            _autogenerate(connection, message, number)


def _autogenerate(connection: Connection, message: str, number: str) -> None:
    config = running.configuration()
    config.attributes["connection"] = connection
    command.revision(config, message=message, rev_id=number, autogenerate=True)
    print(f"{number}: {len(metadata.tables)} tables")  # noqa: T201


if __name__ == "__main__":
    main()

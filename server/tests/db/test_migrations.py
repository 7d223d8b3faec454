"""The migrations make exactly the tables that the code describes, on both databases."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from moothall.db import Connection, Database, metadata, migrations, open_database
from moothall.db.migrations import running
from moothall.db.revise import import_every_store


def difference(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_migrated_schema_is_the_schema_of_the_code(any_database: Database):
    import_every_store()

    assert await any_database.read(difference) == []
    assert await any_database.read(migrations.current_revision) == migrations.newest_revision()


async def test_migrating_twice_changes_nothing(any_database: Database):
    await any_database.write(migrations.upgrade)

    import_every_store()
    assert await any_database.read(difference) == []


def test_the_newest_revision_is_where_the_migrations_lead():
    """We go by the numbers of the files; Alembic follows what is in them."""
    assert ScriptDirectory.from_config(running.configuration()).get_current_head() == migrations.newest_revision()


async def test_a_database_without_tables_has_no_revision(tmp_path: Path):
    empty = open_database(f"sqlite:///{tmp_path}/empty.db")

    assert await empty.read(migrations.current_revision) is None
    await empty.close()


def test_a_start_without_migrations_does_not_wait_for_alembic():
    imported = subprocess.run(
        [sys.executable, "-c", "import sys, moothall.app; print('alembic' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert imported.stdout.strip() == "False"

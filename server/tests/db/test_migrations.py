"""The migrations make exactly the tables that the code describes, on both databases."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from moothall.db import Connection, Database, metadata, migrations
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

"""The migrations make exactly the tables that the code describes, on both databases."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from moothall.chat import store as chat
from moothall.db import Connection, Database, metadata, migrations, open_database
from moothall.db.migrations import running
from moothall.db.revise import import_every_store
from moothall.feeds import store as feeds
from moothall.feeds.model import CHAT


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


async def test_messages_written_before_there_were_feeds_are_followed_on(tmp_path: Path):
    def before(connection: Connection) -> None:
        config = running.configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            text(
                "INSERT INTO sessions (id, room_id, application_id, started_at) VALUES ('s', 'room', 'application', 0)"
            )
        )
        message = "INSERT INTO chat_messages (session_id, number, participant_id, name, role, text, sent_at)"
        for number in (4, 5):
            connection.execute(
                text(message + " VALUES ('s', :number, 'ada', 'Ada', 'guest', 'x', 0)"), {"number": number}
            )

    database = open_database(f"sqlite:///{tmp_path}/old.db")
    await database.write(before)
    await database.write(migrations.upgrade)

    messages = await database.read(lambda connection: chat.messages_changed_after(connection, "s", 4, limit=9))
    head = await database.read(lambda connection: feeds.find_head(connection, "s", CHAT))
    assert [(one.number, one.revision) for one in messages] == [(5, 5)]
    assert head.number == 5
    await database.close()


def test_a_start_without_migrations_does_not_wait_for_alembic():
    imported = subprocess.run(
        [sys.executable, "-c", "import sys, moothall.app; print('alembic' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert imported.stdout.strip() == "False"
